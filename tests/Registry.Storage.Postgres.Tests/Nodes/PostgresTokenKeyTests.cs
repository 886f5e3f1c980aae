using System.Security.Cryptography;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Nodes;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>The signing key that nodes share.</summary>
public sealed class PostgresTokenKeyTests
{
    [Fact]
    public async Task Nodes_that_start_at_once_have_the_same_key_and_so_has_a_later_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await PostgresDatabase.OpenAsync(database.Settings);
        await using var second = await PostgresDatabase.OpenAsync(database.Settings);
        var keys = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => new PostgresTokenKey(i % 2 == 0 ? first : second).OpenOrCreateAsync()));
        using var later = await new PostgresTokenKey(second).OpenOrCreateAsync();
        byte[] signed = [1, 2, 3];
        var signature = later.SignData(signed, HashAlgorithmName.SHA256);
        Assert.Equal(10, keys.Length);
        Assert.All(keys, key =>
        {
            Assert.Equal((256, true), (key.KeySize, key.VerifyData(signed, signature, HashAlgorithmName.SHA256)));
            key.Dispose();
        });
        Assert.Equal(1L, await database.RunAsync("SELECT count(*) FROM token_key"));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("text")]
    [InlineData("public")]
    [InlineData("trailing")]
    [InlineData("P-384")]
    [InlineData("RSA")]
    public async Task A_row_that_is_no_such_key_is_refused_with_what_to_do(string kind)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        await database.RunAsync($"INSERT INTO token_key (id, pkcs8) VALUES (1, '\\x{Convert.ToHexString(Make(kind))}')");

        var refused = await Assert.ThrowsAsync<StorageException>(new PostgresTokenKey(node).OpenOrCreateAsync);

        Assert.Equal(
            "The table token_key of the database has no private key for ECDSA with P-256. Run DELETE FROM token_key and restart all nodes: they make a new key, and all users must log in again.",
            refused.Message);
        await database.RunAsync("DELETE FROM token_key");
        using var made = await new PostgresTokenKey(node).OpenOrCreateAsync();
        Assert.Equal(256, made.KeySize);
    }

    private static byte[] Make(string kind)
    {
        using var key = ECDsa.Create(kind == "P-384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        return kind switch
        {
            "nothing" => [],
            "text" => [.. "-----BEGIN PRIVATE KEY-----"u8],
            "public" => key.ExportSubjectPublicKeyInfo(),
            "trailing" => [.. key.ExportPkcs8PrivateKey(), 0],
            "P-384" => key.ExportPkcs8PrivateKey(),
            "RSA" => rsa.ExportPkcs8PrivateKey(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }
}
