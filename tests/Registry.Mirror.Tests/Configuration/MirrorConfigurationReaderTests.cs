using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Registry.Mirror.Configuration;

namespace Registry.Mirror.Tests.Configuration;

/// <summary>The file of the mirror: what it means, and what it must not be.</summary>
public sealed class MirrorConfigurationReaderTests : IDisposable
{
    private const string Hub = "\"name\":\"docker.io\",\"url\":\"https://registry-1.docker.io\",\"prefix\":\"hub\"";
    private const string Ghcr = "\"name\":\"ghcr.io\",\"url\":\"https://ghcr.io\",\"prefix\":\"ghcr\"";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_property_is_read()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "password"), "secret\n");
        File.WriteAllText(Path.Combine(_folder.Path, "ca.pem"), Authority());

        var configuration = Read("""
            {
              "upstreams": [
                { // Docker Hub
                  "name": "docker.io", "url": "https://registry-1.docker.io",
                  "prefix": "hub", "namespaces": ["docker.io"], "hosts": ["hub.registry.example", "[::1]:5000"], "library": true,
                  "username": "u", "passwordFile": "password", "repositories": ["library/**", "grafana/*"], "fetch": ["*"],
                  "check": "5m", "stale": "12h", "removed": "serve", "keep": "30d", "maxSize": "200GiB", "connections": 256, "ca": "ca.pem",
                  "realms": ["auth.docker.io"], "redirects": ["10.0.0.1:9000"],
                },
              ],
              "own": ["registry.example"]
            }
            """);

        var upstream = Assert.Single(configuration.Upstreams);
        Assert.Equal(["registry.example"], configuration.Own);
        Assert.Equal("docker.io", upstream.Name);
        Assert.Equal(new Uri("https://registry-1.docker.io"), upstream.Url);
        Assert.Equal(("hub", 5), (upstream.Prefix, upstream.PrefixLine));
        Assert.Equal(["docker.io"], upstream.Namespaces);
        Assert.Equal(["hub.registry.example", "[::1]:5000"], upstream.Hosts);
        Assert.True(upstream.HasLibrary);
        Assert.Equal(("u", Path.Combine(_folder.Path, "password")), (upstream.UserName, upstream.PasswordFile));
        Assert.Equal(["library/**", "grafana/*"], upstream.Repositories.Select(pattern => pattern.Text));
        Assert.Equal(["*"], upstream.Fetch);
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromHours(12), TimeSpan.FromDays(30)), (upstream.Check, upstream.Stale, upstream.Keep));
        Assert.True(upstream.ServesRemoved);
        Assert.Equal((200L << 30, 256), (upstream.MaxSize, upstream.Connections));
        Assert.Single(upstream.Authorities!);
        Assert.Equal(["auth.docker.io"], upstream.Realms);
        Assert.Equal(["10.0.0.1:9000"], upstream.Redirects);
    }

    [Fact]
    public void What_is_left_out_or_null_has_its_default()
    {
        var upstreams = Read(
            $"{{\"upstreams\":[{{{Hub}}},{{{Ghcr},\"username\":null,\"passwordFile\":null,\"ca\":null,\"maxSize\":null,\"keep\":null,\"library\":null,\"stale\":\"always\"}}]}}").Upstreams;

        Assert.Equal(["hub", "ghcr"], upstreams.Select(upstream => upstream.Prefix));
        Assert.All(upstreams, upstream =>
        {
            Assert.False(upstream.HasLibrary || upstream.ServesRemoved);
            Assert.Null(upstream.UserName ?? upstream.PasswordFile);
            Assert.Null(upstream.Stale ?? upstream.Keep);
            Assert.Null(upstream.Authorities);
            Assert.Null(upstream.MaxSize);
            Assert.Equal((TimeSpan.FromMinutes(1), 16), (upstream.Check, upstream.Connections));
            Assert.Equal(["*", "$anonymous"], upstream.Fetch);
        });
        Assert.Empty(Read("{\"upstreams\":[]}").Own);
    }

    [Theory]
    [InlineData("\"stale\":\"never\"", 0L, null)]
    [InlineData("\"keep\":\"forever\"", null, null)]
    [InlineData("\"stale\":\"60\",\"keep\":\"1\"", 60L, 1L)]
    public void Times_have_words_for_never_and_for_ever(string properties, long? stale, long? keep)
    {
        var upstream = Assert.Single(Read($"{{\"upstreams\":[{{{Hub},{properties}}}]}}").Upstreams);

        Assert.Equal((stale, keep), ((long?)upstream.Stale?.TotalSeconds, (long?)upstream.Keep?.TotalSeconds));
    }

    [Theory]
    [InlineData("[]", "line 1: the file must be an object")]
    [InlineData("{", "line 1: not valid JSON")]
    [InlineData("{}", "line 1: upstreams is missing; allowed: an array of upstreams")]
    [InlineData("{\"upstreams\":[]} x", "line 1: not valid JSON")]
    [InlineData("{\n\"upstream\":[]}", "line 2: unknown property \"upstream\"; allowed: upstreams, own")]
    [InlineData("{\"upstreams\":{}}", "line 1: upstreams must be an array")]
    [InlineData("{\"upstreams\":[\n\"hub\"]}", "line 2: upstreams[0] must be an object")]
    [InlineData("{\"upstreams\":[],\n\"own\":[\"A\"]}", "line 2: own holds \"A\"; allowed: host names in lower case, each with a port if it has one, for example registry.example.com:5000")]
    [InlineData("{\"upstreams\":[],\n\"upstreams\":[]}", "line 2: \"upstreams\" is listed twice")]
    public void A_fault_of_the_file_is_named_with_its_line_and_what_is_allowed(string json, string message) => Assert.StartsWith(message, FaultOf(json), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"nam\":\"x\"", "unknown property \"nam\" in upstreams[0]; allowed: name, url, prefix, namespaces, hosts, library, username, passwordFile, repositories, fetch, check, stale, removed, keep, maxSize, connections, ca, realms, redirects")]
    [InlineData("\"name\":\"docker hub\"", "upstreams[0].name is \"docker hub\"; allowed: letters, digits, '.', '_', '-' and ':', at most 100 characters")]
    [InlineData("\"url\":\"registry-1.docker.io\"", "upstreams[0].url is \"registry-1.docker.io\"; allowed: https:// or http:// with a host, without a path or user, for example https://registry-1.docker.io")]
    [InlineData("\"url\":\"https://ghcr.io/v2/\"", "upstreams[0].url is \"https://ghcr.io/v2/\"; allowed: https://")]
    [InlineData("\"url\":\"https://ghcr.io?x=1\"", "upstreams[0].url is \"https://ghcr.io?x=1\"; allowed: https://")]
    [InlineData("\"url\":\"https://u:secret@ghcr.io\"", "upstreams[0].url is \"…@ghcr.io\"; allowed: https://")]
    [InlineData("\"url\":\"ftp://ghcr.io\"", "upstreams[0].url is \"ftp://ghcr.io\"; allowed: https://")]
    [InlineData("\"prefix\":\"Hub\"", "upstreams[0].prefix is \"Hub\"; allowed: the beginning of a repository name, without a slash at its end, for example hub")]
    [InlineData("\"prefix\":\"hub/\"", "upstreams[0].prefix is \"hub/\"; allowed: the beginning")]
    [InlineData("\"namespaces\":[\"https://docker.io\"]", "upstreams[0].namespaces holds \"https://docker.io\"; allowed: host names in lower case")]
    [InlineData("\"namespaces\":[\"a\",\"a\"]", "upstreams[0].namespaces has \"a\", and so has upstreams[0].namespaces; it may be in one place only")]
    [InlineData("\"hosts\":[\"*.example\"]", "upstreams[0].hosts holds \"*.example\"; allowed: host names in lower case")]
    [InlineData("\"hosts\":\"x\"", "upstreams[0].hosts must be an array of strings")]
    [InlineData("\"hosts\":[null]", "upstreams[0].hosts[0] must be a string")]
    [InlineData("\"library\":\"yes\"", "upstreams[0].library must be true or false")]
    [InlineData("\"username\":\"a:b\"", "upstreams[0].username is \"a:b\"; allowed: a user name without ':' and control characters")]
    [InlineData("\"passwordFile\":\"none\"", "upstreams[0].passwordFile is \"none\", which cannot be used: there is no such file")]
    [InlineData("\"passwordFile\":\"empty\"", "upstreams[0].passwordFile is \"empty\", which cannot be used: it is empty; it must hold the password or token of the user")]
    [InlineData("\"passwordFile\":\"a\\u0000b\"", "upstreams[0].passwordFile is \"a\0b\", which cannot be used: ")]
    [InlineData("\"repositories\":[\"Library\"]", "upstreams[0].repositories[0] is \"Library\"; allowed: lower-case letters")]
    [InlineData("\"fetch\":[\"$all\"]", "upstreams[0].fetch holds \"$all\"; allowed: user names, \"*\", \"$anonymous\"")]
    [InlineData("\"check\":60", "upstreams[0].check must be a string")]
    [InlineData("\"check\":\"soon\"", "upstreams[0].check is \"soon\"; allowed: a time such as 90s, 12h or 30d")]
    [InlineData("\"stale\":\"forever\"", "upstreams[0].stale is \"forever\"; allowed: \"always\", \"never\", or a time such as 90s, 12h or 30d")]
    [InlineData("\"removed\":\"keep\"", "upstreams[0].removed is \"keep\"; allowed: \"hide\", \"serve\"")]
    [InlineData("\"keep\":\"0\"", "upstreams[0].keep is \"0\"; allowed: \"forever\", or a time such as 90s, 12h or 30d")]
    [InlineData("\"maxSize\":\"0\"", "upstreams[0].maxSize is \"0\"; allowed: a size of 1 byte or more, such as 200GiB")]
    [InlineData("\"connections\":257", "upstreams[0].connections must be a whole number from 1 to 256")]
    [InlineData("\"connections\":1.5", "upstreams[0].connections must be a whole number from 1 to 256")]
    [InlineData("\"ca\":\"empty\"", "upstreams[0].ca is \"empty\", which cannot be used: it has no certificate in PEM")]
    [InlineData("\"realms\":[\"a/b\"]", "upstreams[0].realms holds \"a/b\"; allowed: host names in lower case")]
    [InlineData("\"redirects\":[\"\"]", "upstreams[0].redirects holds \"\"; allowed: host names in lower case")]
    public void A_fault_of_an_upstream_is_named_with_its_line_and_what_is_allowed(string property, string message)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "empty"), "\n");

        Assert.StartsWith($"line 3: {message}", FaultOf($"{{\"upstreams\":[\n{{\n{property}}}]}}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\":\"x\",\"url\":\"https://x\"", "line 2: upstreams[0] needs all of name, url, prefix")]
    [InlineData("\"name\":null,\"url\":\"https://x\",\"prefix\":\"x\"", "line 2: upstreams[0] needs all of name, url, prefix")]
    [InlineData(Hub + ",\"username\":\"u\"", "line 2: upstreams[0] has only one of username and passwordFile; it needs both, or neither for anonymous pulls")]
    [InlineData(Hub + ",\"passwordFile\":\"password\"", "line 2: upstreams[0] has only one of username and passwordFile")]
    public void What_an_upstream_lacks_is_named_with_the_line_on_which_it_begins(string properties, string message)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "password"), "secret");

        Assert.StartsWith(message, FaultOf($"{{\"upstreams\":[\n{{\n{properties}}}]}}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\":\"docker.io\"", "upstreams[1].name has \"docker.io\", and so has upstreams[0].name; it may be in one place only")]
    [InlineData("\"prefix\":\"hub\"", "upstreams[1].prefix is \"hub\", and upstreams[0].prefix is \"hub\"; a repository could be under both")]
    [InlineData("\"prefix\":\"hub/sub\"", "upstreams[1].prefix is \"hub/sub\", and upstreams[0].prefix is \"hub\"; a repository could be under both")]
    [InlineData("\"namespaces\":[\"docker.io\"]", "upstreams[1].namespaces has \"docker.io\", and so has upstreams[0].namespaces; it may be in one place only")]
    [InlineData("\"hosts\":[\"hub.example\"]", "upstreams[1].hosts has \"hub.example\", and so has upstreams[0].hosts; it may be in one place only")]
    [InlineData("\"hosts\":[\"own.example\"]", "upstreams[1].hosts has \"own.example\", and so has own; it may be in one place only")]
    [InlineData("\"namespaces\":[\"own.example\"]", "upstreams[1].namespaces has \"own.example\", and so has own; it may be in one place only")]
    public void What_two_upstreams_must_not_share_is_named_with_the_line_of_the_second(string property, string message) => Assert.Equal(
        $"line 3: {message}",
        FaultOf($"{{\"own\":[\"own.example\"],\"upstreams\":[{{{Hub},\"namespaces\":[\"docker.io\"],\"hosts\":[\"hub.example\"]}},\n{{\n{property}}}]}}"));

    [Fact]
    public void Prefixes_that_begin_with_the_same_letters_are_not_one_under_the_other() =>
        Assert.Equal(2, Read($"{{\"upstreams\":[{{{Hub}}},{{{Ghcr.Replace("\"ghcr\"", "\"hub-2\"", StringComparison.Ordinal)}}}]}}").Upstreams.Count);

    private static string Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.ExportCertificatePem();
    }

    private MirrorConfiguration Read(string json) => MirrorConfigurationReader.Read(Encoding.UTF8.GetBytes(json), _folder.Path);

    private string FaultOf(string json) => Assert.Throws<FormatException>(() => Read(json)).Message;
}
