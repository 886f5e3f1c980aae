using System.Globalization;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Every path the registry uses. The tree is the one CNCF distribution keeps under <c>docker/registry/v2</c>, byte for byte, apart from
/// the uploads in progress.
/// </summary>
/// <remarks>
/// <code>
/// data/
/// ├── blobs/sha256/ab/abcdef…/data                     layer, config and manifest bytes alike (blobs/&lt;algorithm&gt;/…)
/// ├── repositories/&lt;name&gt;/
/// │   ├── _manifests/revisions/sha256/&lt;hex&gt;/link       "sha256:&lt;hex&gt;"
/// │   ├── _manifests/tags/&lt;tag&gt;/current/link
/// │   ├── _manifests/tags/&lt;tag&gt;/index/sha256/&lt;hex&gt;/link
/// │   └── _layers/sha256/&lt;hex&gt;/link
/// ├── uploads/&lt;uuid&gt;                                  what has arrived of an upload; whose it is stands in the metadata
/// ├── uploads/&lt;uuid&gt;.tmp                               a manifest on its way into blobs/
/// ├── quarantine/&lt;algorithm&gt;/&lt;hex&gt;                  what was found under blobs/ without having that digest
/// ├── registry.db                                      metadata (SQLite), with -wal and -shm beside it
/// ├── token-key.pem                                    what the built-in token service signs with, for its owner's eyes only
/// ├── ballast                                          room for deletes on a full disk
/// ├── last-backup                                     when a backup was last completed, as Unix time
/// ├── removal.lock                                     held by backups and exports, while which no bytes are removed
/// ├── restore.unfinished                               while a backup is being restored here
/// └── registry.lock                                    held by the process that uses the folder
/// </code>
/// </remarks>
public sealed class FileSystemLayout(string root)
{
    /// <summary>The name of the file that holds a digest in the repositories tree.</summary>
    public const string LinkFile = "link";

    private static readonly string[] OwnNames =
    [
        "blobs", "repositories", "uploads", "quarantine", "ballast", "last-backup", "removal.lock", "restore.unfinished", "backup.json", "backup.lock",
    ];

    // The database with what is beside it, and the lock.
    private static readonly string[] OwnPrefixes = ["registry.db", "registry.lock"];

    /// <summary>The data folder, absolute.</summary>
    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Blobs => Path.Combine(Root, "blobs");

    public string Repositories => Path.Combine(Root, "repositories");

    public string Uploads => Path.Combine(Root, "uploads");

    public string Quarantine => Path.Combine(Root, "quarantine");

    public string Database => Path.Combine(Root, "registry.db");

    public string TokenKey => Path.Combine(Root, "token-key.pem");

    public string Ballast => Path.Combine(Root, "ballast");

    public string LastBackup => Path.Combine(Root, "last-backup");

    public string LockFile => Path.Combine(Root, "registry.lock");

    public string RemovalLockFile => Path.Combine(Root, "removal.lock");

    /// <summary>There while the folder is being filled from a backup.</summary>
    public string UnfinishedRestore => Path.Combine(Root, "restore.unfinished");

    /// <summary>There when the folder is no registry's but a backup.</summary>
    public string BackupDescription => Path.Combine(Root, "backup.json");

    /// <summary>
    /// Tells a path, relative to the data folder, that only the registry itself writes to. Case does not matter, since it does not in every file
    /// system. The key of the token service is none: it is copied as the operator's files are.
    /// </summary>
    public static bool IsReserved(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var end = name.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal);
        var first = end < 0 ? name : name[..end];
        return OwnNames.Contains(first, StringComparer.OrdinalIgnoreCase)
            || OwnPrefixes.Any(prefix => first.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The folder of all blobs of an algorithm.</summary>
    public string BlobAlgorithm(DigestAlgorithm algorithm) => Path.Combine(Blobs, algorithm.Name);

    /// <summary>The folder of all blobs that share the first two hex digits.</summary>
    public string BlobShard(Digest digest) => Path.Join(Blobs, digest.Algorithm.Name, digest.Hex[..2]);

    public string BlobDirectory(Digest digest) => Path.Join(BlobShard(digest), digest.Hex);

    public string BlobData(Digest digest) => Path.Join(BlobDirectory(digest), "data");

    /// <summary>The folder of what was moved away from <see cref="BlobAlgorithm"/>.</summary>
    public string QuarantineAlgorithm(DigestAlgorithm algorithm) => Path.Combine(Quarantine, algorithm.Name);

    public string Quarantined(Digest digest) => Path.Join(QuarantineAlgorithm(digest.Algorithm), digest.Hex);

    public string UploadData(Guid id) => Path.Combine(Uploads, Name(id));

    public string TemporaryFile(Guid id) => Path.Combine(Uploads, $"{Name(id)}.tmp");

    public string Repository(RepositoryName name) => Path.Combine(Repositories, name.Value);

    public string Layers(RepositoryName name) => Path.Combine(Repository(name), "_layers");

    public string Layer(RepositoryName name, Digest digest) => Path.Join(Layers(name), digest.Algorithm.Name, digest.Hex);

    public string Revisions(RepositoryName name) => Path.Combine(Repository(name), "_manifests", "revisions");

    public string Revision(RepositoryName name, Digest digest) => Path.Join(Revisions(name), digest.Algorithm.Name, digest.Hex);

    public string Tags(RepositoryName name) => Path.Combine(Repository(name), "_manifests", "tags");

    public string TagDirectory(RepositoryName name, Tag tag) => Path.Combine(Tags(name), tag.Value);

    public string TagCurrent(RepositoryName name, Tag tag) => Path.Combine(TagDirectory(name, tag), "current");

    public string TagIndex(RepositoryName name, Tag tag, Digest digest) =>
        Path.Join(TagDirectory(name, tag), "index", digest.Algorithm.Name, digest.Hex);

    /// <summary>How an upload's id is written in paths and URLs.</summary>
    public static string Name(Guid id) => id.ToString("D", CultureInfo.InvariantCulture);
}
