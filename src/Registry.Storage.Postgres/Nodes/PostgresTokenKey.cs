using System.Security.Cryptography;
using Registry.Core.Storage;

namespace Registry.Storage.Postgres.Nodes;

/// <summary>
/// Signing key of the built-in token service, which all nodes share: the first one that starts makes it. A dump of the database has it, and with it anyone can issue
/// tokens.
/// </summary>
/// <param name="database">The database.</param>
public sealed class PostgresTokenKey(PostgresDatabase database)
{
    /// <summary>Reads the key, and makes it if there is none.</summary>
    /// <returns>A private key on P-256. The caller disposes it.</returns>
    /// <exception cref="StorageException">The database cannot be used, or its row is no such key; the message is a sentence for the operator.</exception>
    public async Task<ECDsa> OpenOrCreateAsync()
    {
        byte[]? saved;
        while ((saved = await ReadAsync()) is null)
        {
            await CreateAsync();
        }

        return Import(saved);
    }

    /// <summary>Replaces the key. Nodes that run keep the one they have.</summary>
    /// <param name="key">A private key on P-256.</param>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    public Task ReplaceAsync(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var saved = key.ExportPkcs8PrivateKey();
        return database.WriteAsync(
            session => session.Queue("INSERT INTO token_key (id, pkcs8) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET pkcs8 = excluded.pkcs8", saved), isRepeatable: true);
    }

    private Task<byte[]?> ReadAsync() => database.ReadAsync(session =>
        session.FirstAsync("SELECT pkcs8 FROM token_key", row => row.GetFieldValue<byte[]>(0)));

    // Another node may be first; then its key stays.
    private async Task CreateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = key.ExportPkcs8PrivateKey();
        await database.WriteAsync(
            session => session.Queue("INSERT INTO token_key (id, pkcs8) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", made), isRepeatable: true);
    }

    private static ECDsa Import(byte[] saved)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(saved, out var read);
            return read == saved.Length && key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                ? key
                : throw new CryptographicException("Another curve, or more than a key.");
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw new StorageException(
                "The table token_key of the database has no private key for ECDSA with P-256. Run DELETE FROM token_key and restart all nodes: they make a new key, and all users must log in again.",
                e);
        }
    }
}
