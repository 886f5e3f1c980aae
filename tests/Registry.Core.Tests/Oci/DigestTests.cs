using CsCheck;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class DigestTests
{
    private const string Hex64 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly string Hex128 = new('a', 128);

    public static TheoryData<string> Malformed => new(
        "",
        ":",
        "sha256",
        "sha256:",
        Hex64,
        ":" + Hex64,
        "sha256:" + Hex64[1..],
        "sha256:" + Hex64 + "0",
        "sha256:" + Hex64.ToUpperInvariant(),
        "SHA256:" + Hex64,
        "Sha256:" + Hex64,
        "sha256::" + Hex64[1..],
        "sha256:g" + Hex64[1..],
        "sha256: " + Hex64[1..],
        " sha256:" + Hex64,
        "sha256:" + Hex64 + "\n",
        "sha256:\0" + Hex64[1..],
        "sha256:../" + Hex64[3..],
        "sha256:０" + Hex64[1..],
        "sha512:" + Hex64,
        "sha256:" + Hex128,
        "sha384:" + Hex64,
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha256+b64:" + Hex64,
        "multihash+base58:" + Hex64,
        "latest");

    [Fact]
    public void A_sha256_digest_is_parsed_into_its_parts()
    {
        Assert.True(Digest.TryParse("sha256:" + Hex64, out var digest));
        Assert.Same(DigestAlgorithm.Sha256, digest.Algorithm);
        Assert.Equal(Hex64, digest.Hex.ToString());
        Assert.Equal("sha256:" + Hex64, digest.Value);
        Assert.Equal("sha256:" + Hex64, digest.ToString());
    }

    [Fact]
    public void A_sha512_digest_is_parsed_into_its_parts()
    {
        Assert.True(Digest.TryParse("sha512:" + Hex128, out var digest));
        Assert.Same(DigestAlgorithm.Sha512, digest.Algorithm);
        Assert.Equal(Hex128, digest.Hex.ToString());
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Any_other_spelling_is_not_a_digest(string text)
    {
        Assert.False(Digest.TryParse(text, out var digest));
        Assert.Equal(default, digest);
        var thrown = Assert.Throws<FormatException>(() => Digest.Parse(text));
        Assert.Contains("is not a digest", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sha256:latest", true)]
    [InlineData("a:b", true)]
    [InlineData(":", true)]
    [InlineData("latest", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_a_text_with_a_colon_was_meant_as_a_digest(string? text, bool expected) =>
        Assert.Equal(expected, Digest.LooksLikeDigest(text));

    [Fact]
    public void Digests_are_ordered_and_compared_by_their_text()
    {
        var low = Digest.Parse("sha256:0" + Hex64[1..]);
        var high = Digest.Parse("sha256:f" + Hex64[1..]);
        var other = Digest.Parse("sha512:" + new string('0', 128));
        Assert.Equal([low, high, other], new[] { other, high, low }.Order());
        Assert.True(low < high && low <= high && high > low && high >= low && !(low >= high) && !(high <= low));
        Assert.True(low == Digest.Parse(low.Value));
        Assert.NotEqual(low, high);
        Assert.Equal(low.GetHashCode(), Digest.Parse(low.Value).GetHashCode());
    }

    [Fact]
    public void The_default_digest_is_empty_and_harmless()
    {
        Assert.Equal(string.Empty, default(Digest).ToString());
        Assert.Equal(default, default(Digest));
        Assert.Equal(0, default(Digest).GetHashCode());
    }

    [Fact]
    public void Every_digest_of_content_parses_back_to_itself() =>
        Gen.Select(Gen.OneOfConst([.. DigestAlgorithm.All]), Gen.Byte.Array[0, 200]).Sample((algorithm, content) =>
        {
            var digest = algorithm.Compute(content);
            using var hash = algorithm.CreateHash();
            hash.AppendData(content);
            return Digest.Parse(digest.Value) == digest
                && digest.Hex.Length == algorithm.HexLength
                && Digest.FromHash(algorithm, hash.GetHashAndReset()) == digest;
        });

    [Fact]
    public void Random_text_near_a_digest_is_parsed_exactly_when_the_grammar_allows_it()
    {
        var pattern = new System.Text.RegularExpressions.Regex("^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\\z");
        var text = Gen.Select(
            Gen.OneOfConst("sha256:", "sha512:", "sha256", "sha1:", ""),
            Gen.Char["0123456789abcdef"].Array[60, 132],
            Gen.OneOfConst("", "", "", "g", "A", ":", "/"),
            Gen.OneOfConst(64, 128, 200),
            (prefix, hex, odd, length) => (prefix + odd + new string(hex))[..Math.Min(prefix.Length + length, prefix.Length + odd.Length + hex.Length)]);
        text.Sample(candidate => Digest.TryParse(candidate, out _) == pattern.IsMatch(candidate), iter: 20_000);
    }
}
