namespace Registry.Images.Migration;

/// <summary>Result of the comparison of both ends of a move.</summary>
/// <param name="Repositories">Number of compared repositories.</param>
/// <param name="Tags">Number of tags of the source.</param>
/// <param name="Manifests">Number of manifests of the source, counted once for each repository.</param>
/// <param name="Blobs">Number of distinct blobs and manifests whose bytes were compared.</param>
/// <param name="Bytes">Their size in bytes.</param>
/// <param name="HasReadContent">True if the bytes were read and hashed; false if only their sizes were compared.</param>
/// <param name="Different">Number of differences.</param>
/// <param name="Differences">The first of those, up to <see cref="FaultList.MaxKept"/>.</param>
public sealed record MigrationComparison(
    long Repositories, long Tags, long Manifests, long Blobs, long Bytes, bool HasReadContent, long Different, IReadOnlyList<string> Differences);
