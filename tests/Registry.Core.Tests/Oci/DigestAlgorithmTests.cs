using System.Text;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class DigestAlgorithmTests
{
    [Theory]
    [InlineData("sha256", 64)]
    [InlineData("sha512", 128)]
    public void A_supported_algorithm_is_found_by_its_exact_name(string name, int hexLength)
    {
        var algorithm = DigestAlgorithm.Find(name);
        Assert.NotNull(algorithm);
        Assert.Equal(name, algorithm.Name);
        Assert.Equal(name, algorithm.ToString());
        Assert.Equal(hexLength, algorithm.HexLength);
        Assert.Contains(algorithm, DigestAlgorithm.All);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SHA256")]
    [InlineData("sha256 ")]
    [InlineData("sha-256")]
    [InlineData("sha384")]
    [InlineData("md5")]
    public void Any_other_name_is_no_algorithm(string name) => Assert.Null(DigestAlgorithm.Find(name));

    [Theory]
    [InlineData("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abc",
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")]
    public void Content_has_the_digest_that_the_standard_gives_it(string content, string digest)
    {
        var expected = Digest.Parse(digest);
        Assert.Equal(expected, expected.Algorithm.Compute(Encoding.ASCII.GetBytes(content)));
    }

    [Fact]
    public void A_hash_in_pieces_is_that_of_the_whole()
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            using var hash = algorithm.CreateHash();
            hash.AppendData("a"u8);
            hash.AppendData("bc"u8);
            Assert.Equal(algorithm.Compute("abc"u8), Digest.FromHash(algorithm, hash.GetHashAndReset()));
        }
    }
}
