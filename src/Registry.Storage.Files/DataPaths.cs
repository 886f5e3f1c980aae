using System.Globalization;
using Registry.Core.Oci;

namespace Registry.Storage.Files;

/// <summary>
/// Paths of the data folder. The tree is the one that CNCF distribution keeps under <c>docker/registry/v2</c>, byte for byte, except for
/// uploads in progress.
/// </summary>
/// <remarks>
/// <code>
/// data/
/// ├── blobs/sha256/ab/abcdef…/data                     bytes of layers, configs and manifests (blobs/&lt;algorithm&gt;/…)
/// ├── repositories/&lt;name&gt;/
/// │   ├── _manifests/revisions/sha256/&lt;hex&gt;/link       "sha256:&lt;hex&gt;"
/// │   ├── _manifests/tags/&lt;tag&gt;/current/link
/// │   ├── _manifests/tags/&lt;tag&gt;/index/sha256/&lt;hex&gt;/link
/// │   └── _layers/sha256/&lt;hex&gt;/link
/// ├── uploads/&lt;uuid&gt;                                  received bytes of an upload; the metadata has its session
/// ├── uploads/&lt;uuid&gt;.tmp                               a manifest before it is renamed into blobs/; an archive to import
/// ├── quarantine/&lt;algorithm&gt;/&lt;hex&gt;                  damaged bytes that were found under blobs/
/// ├── registry.db                                      metadata (SQLite), with -wal and -shm beside it
/// ├── token-key.pem                                    signing key of the built-in token service, readable by its owner only
/// ├── ballast                                          reserve for deletes on a full disk
/// ├── last-backup                                      time of the last completed backup, as Unix time
/// ├── removal.lock                                     held by backups and exports; meanwhile no bytes are removed
/// ├── restore.unfinished                               exists while a backup is being restored here
/// ├── migration                                        exists while a registry is being moved here, and after it was moved elsewhere
/// ├── registry.sock                                    socket of the running process, for commands on the same machine
/// └── registry.lock                                    held by the process that uses the folder
/// </code>
/// </remarks>
public sealed class DataPaths(string root)
{
    /// <summary>Name of the file that holds a digest in the repositories tree.</summary>
    public const string LinkFile = "link";

    private static readonly string[] OwnNames =
    [
        "blobs", "repositories", "uploads", "quarantine", "ballast", "last-backup", "removal.lock", "restore.unfinished", "migration", "backup.json", "backup.lock",
    ];

    // The database with SQLite's other files, the lock, and the socket.
    private static readonly string[] OwnPrefixes = ["registry.db", "registry.lock", "registry.sock"];

    /// <summary>Absolute path of the data folder.</summary>
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

    /// <summary>Socket on which the process that uses the folder listens for commands of the same machine.</summary>
    public string Socket => Path.Combine(Root, "registry.sock");

    public string RemovalLockFile => Path.Combine(Root, "removal.lock");

    /// <summary>File that exists while a backup is being restored into the folder.</summary>
    public string UnfinishedRestore => Path.Combine(Root, "restore.unfinished");

    /// <summary>File of the mark that a move to or from another storage leaves.</summary>
    public string Migration => Path.Combine(Root, "migration");

    /// <summary>File that exists if the folder is a backup, and not that of a registry.</summary>
    public string BackupDescription => Path.Combine(Root, "backup.json");

    /// <summary>
    /// True for a path, relative to the data folder, that only the registry itself writes to. Case is ignored, since some file systems ignore it.
    /// The key of the token service is not reserved: it is copied like the operator's files.
    /// </summary>
    public static bool IsReserved(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var end = name.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal);
        var first = end < 0 ? name : name[..end];
        return OwnNames.Contains(first, StringComparer.OrdinalIgnoreCase)
            || OwnPrefixes.Any(prefix => first.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Folder of all blobs of an algorithm.</summary>
    public string BlobAlgorithm(DigestAlgorithm algorithm) => Path.Combine(Blobs, algorithm.Name);

    /// <summary>Folder of all blobs with the same first two hex digits.</summary>
    public string BlobShard(Digest digest) => Path.Join(Blobs, digest.Algorithm.Name, digest.Hex[..2]);

    public string BlobDirectory(Digest digest) => Path.Join(BlobShard(digest), digest.Hex);

    public string BlobData(Digest digest) => Path.Join(BlobDirectory(digest), "data");

    /// <summary>Folder of the bytes that were moved away from <see cref="BlobAlgorithm"/>.</summary>
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

    /// <summary>Upload id as written in paths and URLs.</summary>
    public static string Name(Guid id) => id.ToString("D", CultureInfo.InvariantCulture);
}
