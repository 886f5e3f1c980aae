using System.Security.Cryptography.X509Certificates;

namespace Registry.Storage.S3;

/// <summary>Bucket of an S3 store, and how it is reached.</summary>
public sealed record S3Settings
{
    /// <summary>
    /// Longest lifetime of a link for a client, which begins its request at once but may begin it again. As long as CNCF distribution's.
    /// </summary>
    public static readonly TimeSpan LongestClientLink = TimeSpan.FromMinutes(20);

    /// <summary>Name of the bucket, which exists already.</summary>
    public required string Bucket { get; init; }

    /// <summary>Address of the store, without the bucket; null for AWS in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Region that requests are signed for. <c>us-east-1</c> is what stores without regions expect.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Beginning of all keys, without a slash at either end; empty for the whole bucket.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>True if the bucket is in the path, false if it is in the host name. Stores beside AWS need the path, unless they have a wildcard in DNS.</summary>
    public bool PathStyle { get; init; }

    /// <summary>Access key; null for the usual chain of AWS clients: environment, web identity, profile, instance.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Secret key; null exactly if <see cref="AccessKey"/> is.</summary>
    public string? SecretKey { get; init; }

    /// <summary>True to send clients to the store for the bytes of blobs, false to pass the bytes through the process.</summary>
    public bool Redirects { get; init; }

    /// <summary>Address of the store for clients, without the bucket; null for that of the process.</summary>
    public Uri? PublicEndpoint { get; init; }

    /// <summary>Certificate authorities of the store, in place of those of the system; null for those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Longest time until a connection is there. A store in the same network answers within milliseconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest time without a byte in either direction. The gateway of Ceph takes seconds while its disks recover; a read of a deleted object may stall for ever.
    /// </summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Number of attempts for a request that a fault of the store or of the network has ended, the first one included.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>
    /// Time between the removal of a blob from the metadata and that of its object, as the clock of the metadata counts it: for slow readers, links of
    /// clients (<see cref="LongestClientLink"/>), a database that was restored from yesterday.
    /// </summary>
    public TimeSpan DeleteAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Size of a part of a large upload in bytes, at least 5 MiB. A blob has 10,000 parts at most.</summary>
    public int PartSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>Size of the largest blob in bytes: a store joins 10,000 parts at most (Amazon S3 User Guide, "Amazon S3 multipart upload limits").</summary>
    public long LargestBlob => 10_000L * PartSize;

    /// <summary>Limit on the memory for the bytes of all uploads that wait for a part, in bytes; at least two parts.</summary>
    public long UploadMemory { get; init; } = 128L * 1024 * 1024;
}
