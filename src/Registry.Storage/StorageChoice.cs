using Registry.Storage.Postgres;
using Registry.Storage.S3;

namespace Registry.Storage;

/// <summary>Engines of a storage: where its metadata and its bytes are.</summary>
/// <param name="Folder">Data folder. A storage with its metadata in PostgreSQL has none.</param>
public sealed record StorageChoice(string Folder)
{
    /// <summary>Bucket of the bytes; null for files of the folder.</summary>
    public S3Settings? Bucket { get; init; }

    /// <summary>Database of the metadata, which any number of processes share; null for SQLite in the folder. Needs a bucket.</summary>
    public PostgresSettings? Database { get; init; }

    /// <summary>Folder for copies of what the mirror fetches into a bucket. Only a fetch uses it.</summary>
    public string SpoolFolder { get; init; } = Path.GetTempPath();

    /// <summary>True for a move between two storages, which alone opens one that has the mark of a move.</summary>
    public bool IsMigrating { get; init; }
}
