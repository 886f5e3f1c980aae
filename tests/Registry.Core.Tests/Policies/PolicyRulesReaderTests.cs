using System.Security.Cryptography;
using System.Text;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Tests.Policies;

/// <summary>The policy file: what it means, and what it must not be.</summary>
public sealed class PolicyRulesReaderTests
{
    private const string TagsAllowed = "allowed: letters, digits, '.', '_', '-' and '*', not beginning with '.' or '-', at most 256 characters";
    private const string KeyAllowed = "allowed: a PEM file with one public key, as 'cosign public-key' writes";

    private static readonly string P256 = EcKey(ECCurve.NamedCurves.nistP256);

    [Fact]
    public void Every_property_is_read()
    {
        var rules = Read("""
            { "rules": [
              { "repository": "prod/**", "immutableTags": ["v*"], "except": ["*-dev"] }, // never again
              { "repository": "ci/**", "keep": { "newest": 20, "tagged": ["release-*"], "pulledWithin": "30d" }, "delete": { "untaggedAfter": "7d" } },
              { "repository": "team-a/**", "quota": { "bytes": "500GiB" } },
              { "repository": "prod/**", "requireSignature": { "cosign": ["keys/p256", "keys/rsa"], "except": ["deployer"] } },
            ] }
            """).Rules;

        Assert.Equal([1, 2, 3, 4], rules.Select(rule => rule.Number));
        Assert.Equal([2, 3, 4, 5], rules.Select(rule => rule.Line));
        Assert.Equal("rule 1 (line 2: \"prod/**\")", rules[0].ToString());
        Assert.Equal(["v*", "*-dev"], [rules[0].ImmutableTags!.Tags.Single().Text, rules[0].ImmutableTags!.Except.Single().Text]);
        Assert.Equal((20, "release-*", TimeSpan.FromDays(30)), (rules[1].Keep!.Newest, rules[1].Keep!.Tagged.Single().Text, rules[1].Keep!.PulledWithin));
        Assert.Equal(TimeSpan.FromDays(7), rules[1].Delete!.UntaggedAfter);
        Assert.Equal(500L << 30, rules[2].Quota!.Bytes);
        Assert.Equal([("keys/p256", SigningKeyKind.Ecdsa), ("keys/rsa", SigningKeyKind.Rsa)], rules[3].RequireSignature!.Keys.Select(key => (key.Path, key.Kind)));
        Assert.Equal(["deployer"], rules[3].RequireSignature!.Except);
        Assert.Null(rules[0].Keep ?? rules[3].Keep);
        Assert.Null(rules[0].Quota ?? rules[1].Quota);
    }

    [Fact]
    public void Every_rule_that_matches_a_repository_is_one_of_its_rules()
    {
        var rules = Read("""{"rules":[{"repository":"a/**","quota":{"bytes":"1"}},{"repository":"b","quota":{"bytes":"1"}},{"repository":"**","quota":{"bytes":"1"}}]}""");

        Assert.Equal([1, 3], rules.Of(RepositoryName.Parse("a/x")).Select(rule => rule.Number));
        Assert.Equal([3], rules.Of(RepositoryName.Parse("a")).Select(rule => rule.Number));
        Assert.Empty(PolicyRules.None.Of(RepositoryName.Parse("a")));
        Assert.Empty(Read("""{"rules":[]}""").Rules);
    }

    [Theory]
    [InlineData("v*", "v1.2.3", true)]
    [InlineData("v*", "v", true)]
    [InlineData("v*", "V1", false)]
    [InlineData("*-dev", "v1-dev", true)]
    [InlineData("v1.2", "v1x2", false)]
    [InlineData("v*.*", "v1.2.3", true)]
    [InlineData("*", "_", true)]
    [InlineData("v1", "v1", true)]
    [InlineData("v1", "v11", false)]
    public void A_pattern_of_tags_matches(string pattern, string tag, bool matches) => Assert.Equal(matches, TagPattern.TryParse(pattern)!.Matches(Tag.Parse(tag)));

    [Fact]
    public void An_exception_is_one_of_its_rule()
    {
        var rule = Read("""{"rules":[{"repository":"**","immutableTags":["v*","r*"],"except":["*-dev","r0"]}]}""").Rules.Single().ImmutableTags!;

        Assert.Equal(["v1", "r1"], new[] { "v1", "v1-dev", "r0", "r1", "x" }.Where(tag => rule.Covers(Tag.Parse(tag))));
    }

    [Theory]
    [InlineData("[]", "line 1: the file must be an object")]
    [InlineData("{", "line 1: not valid JSON")]
    [InlineData("{}", "line 1: rules is missing; allowed: an array of rules")]
    [InlineData("{\n\"rule\":[]}", "line 2: unknown property \"rule\"; allowed: rules")]
    [InlineData("{\"rules\":{}}", "line 1: rules must be an array")]
    [InlineData("{\"rules\":[\n1]}", "line 2: rules[0] must be an object")]
    [InlineData("{\"rules\":[\n{\n\"quota\":{\"bytes\":\"1\"}}]}", "line 2: rules[0] has no repository; allowed: a pattern of repository names, such as \"team/**\"")]
    [InlineData("{\"rules\":[\n{\n\"repository\":\"a\"}]}", "line 2: rules[0] says nothing; it needs one of immutableTags, keep, delete, quota, requireSignature")]
    [InlineData("{\"rules\":[\n{\"repository\":\"a\",\n\"except\":[\"x\"]}]}", "line 2: rules[0] has except without immutableTags, of which it names exceptions")]
    [InlineData("{\"rules\":[{\"repository\":\"a\",\n\"repository\":\"a\"}]}", "line 2: \"repository\" is listed twice")]
    public void A_fault_of_the_file_is_named_with_its_line_and_what_is_allowed(string json, string message) => Assert.StartsWith(message, FaultOf(json), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"repositories\":\"a\"", "unknown property \"repositories\" in rules[0]; allowed: repository, except, immutableTags, keep, delete, quota, requireSignature")]
    [InlineData("\"repository\":\"A\"", "rules[0].repository is \"A\"; allowed: lower-case letters")]
    [InlineData("\"repository\":null", "rules[0].repository must be a string")]
    [InlineData("\"immutableTags\":\"v*\"", "rules[0].immutableTags must be an array of patterns")]
    [InlineData("\"immutableTags\":[]", "rules[0].immutableTags is empty; allowed: patterns of tags, such as \"v*\"")]
    [InlineData("\"immutableTags\":[\"v?\"]", "rules[0].immutableTags[0] is \"v?\"; " + TagsAllowed)]
    [InlineData("\"immutableTags\":[\".v\"]", "rules[0].immutableTags[0] is \".v\"; " + TagsAllowed)]
    [InlineData("\"immutableTags\":[\"\"]", "rules[0].immutableTags[0] is \"\"; " + TagsAllowed)]
    [InlineData("\"except\":[\"a/b\"]", "rules[0].except[0] is \"a/b\"; " + TagsAllowed)]
    [InlineData("\"keep\":{}", "rules[0].keep is empty; allowed: newest, tagged, pulledWithin")]
    [InlineData("\"keep\":{\"oldest\":1}", "unknown property \"oldest\" in rules[0].keep; allowed: newest, tagged, pulledWithin")]
    [InlineData("\"keep\":{\"newest\":-1}", "rules[0].keep.newest must be a whole number from 0 to 1000000")]
    [InlineData("\"keep\":{\"newest\":\"20\"}", "rules[0].keep.newest must be a whole number from 0 to 1000000")]
    [InlineData("\"keep\":{\"tagged\":[]}", "rules[0].keep.tagged is empty; allowed: patterns of tags")]
    [InlineData("\"keep\":{\"pulledWithin\":\"soon\"}", "rules[0].keep.pulledWithin is \"soon\"; allowed: a time such as 12h or 30d")]
    [InlineData("\"keep\":{\"pulledWithin\":\"0\"}", "rules[0].keep.pulledWithin is \"0\"; allowed: a time such as 12h or 30d")]
    [InlineData("\"delete\":{}", "rules[0].delete is empty; allowed: untaggedAfter")]
    [InlineData("\"delete\":{\"untaggedAfter\":7}", "rules[0].delete.untaggedAfter must be a string")]
    [InlineData("\"quota\":{}", "rules[0].quota is empty; allowed: bytes")]
    [InlineData("\"quota\":\"1GiB\"", "rules[0].quota must be an object")]
    [InlineData("\"quota\":{\"bytes\":\"0\"}", "rules[0].quota.bytes is \"0\"; allowed: a size of 1 byte or more, such as 500GiB")]
    [InlineData("\"quota\":{\"bytes\":\"much\"}", "rules[0].quota.bytes is \"much\"; allowed: a size of 1 byte or more, such as 500GiB")]
    [InlineData("\"requireSignature\":{\"except\":[\"a\"]}", "rules[0].requireSignature has no key in cosign; allowed: paths of public keys in PEM")]
    [InlineData("\"requireSignature\":{\"cosign\":[]}", "rules[0].requireSignature has no key in cosign; allowed: paths of public keys in PEM")]
    [InlineData("\"requireSignature\":{\"cosign\":[\"keys/p256\"],\"except\":[\"*\"]}", "rules[0].requireSignature.except holds \"*\"; allowed: user names")]
    [InlineData("\"requireSignature\":{\"cosign\":[\"none\"]}", "rules[0].requireSignature.cosign[0] is \"none\", which cannot be used: there is no such file")]
    [InlineData("\"requireSignature\":{\"cosign\":[\"text\"]}", "rules[0].requireSignature.cosign[0] is \"text\", which cannot be used: it contains no key; " + KeyAllowed)]
    [InlineData("\"requireSignature\":{\"cosign\":[\"private\"]}", "rules[0].requireSignature.cosign[0] is \"private\", which cannot be used: it is a private key, which the registry must not have; " + KeyAllowed)]
    [InlineData("\"requireSignature\":{\"cosign\":[\"two\"]}", "rules[0].requireSignature.cosign[0] is \"two\", which cannot be used: it contains more than one key; " + KeyAllowed)]
    [InlineData("\"requireSignature\":{\"cosign\":[\"rsa1024\"]}", "rules[0].requireSignature.cosign[0] is \"rsa1024\", which cannot be used: it has 1024 bits; RSA needs at least 2048")]
    [InlineData("\"requireSignature\":{\"cosign\":[\"ed25519\"]}", "rules[0].requireSignature.cosign[0] is \"ed25519\", which cannot be used: it is an Ed25519 key, which this registry cannot verify with; ")]
    [InlineData("\"requireSignature\":{\"cosign\":[\"garbage\"]}", "rules[0].requireSignature.cosign[0] is \"garbage\", which cannot be used: it is no public key that can be read: ")]
    public void A_fault_of_a_rule_is_named_with_its_line_and_what_is_allowed(string property, string message) =>
        Assert.StartsWith($"line 3: {message}", FaultOf($"{{\"rules\":[\n{{\n{property}}}]}}"), StringComparison.Ordinal);

    [Fact]
    public void A_key_is_the_same_whatever_its_file()
    {
        var keys = Read("""{"rules":[{"repository":"a","requireSignature":{"cosign":["keys/p256","copy/p256","keys/rsa"]}}]}""").Rules.Single().RequireSignature!.Keys;

        Assert.Equal(keys[0].Fingerprint, keys[1].Fingerprint);
        Assert.NotEqual(keys[0].Fingerprint, keys[2].Fingerprint);
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(keys[0].Content.Span, out _);
        Assert.Equal(256, ecdsa.KeySize);
    }

    private static PolicyRules Read(string json) => PolicyRulesReader.Read(Encoding.UTF8.GetBytes(json), path => Encoding.UTF8.GetBytes(path switch
    {
        "keys/p256" or "copy/p256" => P256,
        "keys/rsa" => RsaKey(2048),
        "rsa1024" => RsaKey(1024),
        "private" => EcKey(ECCurve.NamedCurves.nistP256, isPrivate: true),
        "two" => $"{P256}\n{RsaKey(2048)}",
        "text" => "secret",
        "garbage" => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",

        // RFC 8410, section 10.1.
        "ed25519" => "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
        _ => throw new IOException("there is no such file"),
    }));

    private static string FaultOf(string json) => Assert.Throws<FormatException>(() => Read(json)).Message;

    private static string EcKey(ECCurve curve, bool isPrivate = false)
    {
        using var key = ECDsa.Create(curve);
        return isPrivate ? key.ExportPkcs8PrivateKeyPem() : key.ExportSubjectPublicKeyInfoPem();
    }

    private static string RsaKey(int bits)
    {
        using var key = RSA.Create(bits);
        return key.ExportSubjectPublicKeyInfoPem();
    }
}
