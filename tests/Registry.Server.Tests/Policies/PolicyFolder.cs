using Registry.Server.Configuration;
using Registry.Storage.Postgres;

namespace Registry.Server.Tests.Policies;

/// <summary>A policy file, and the setting that uses it.</summary>
internal sealed class PolicyFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public PolicyFolder(string json) => Write(json);

    public string Path => System.IO.Path.Combine(_folder.Path, "policy.json");

    public void Write(string json) => File.WriteAllText(Path, json);

    /// <summary>Writes the public key of a signer beside the file.</summary>
    public void WriteKey(string name, TestSigner signer) => File.WriteAllText(_folder.File(name), signer.PublicKey);

    /// <summary>Database of the configured registry; null for SQLite.</summary>
    public PostgresSettings? Database { get; private set; }

    public RegistryOptions Configure(RegistryOptions options)
    {
        Database = options.Database;
        return options with { PolicyConfig = Path };
    }

    public void Dispose() => _folder.Dispose();
}
