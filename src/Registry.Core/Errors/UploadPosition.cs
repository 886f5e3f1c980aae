using Registry.Core.Oci;

namespace Registry.Core.Errors;

/// <summary>How far an upload has got.</summary>
/// <param name="Repository">The repository it belongs to.</param>
/// <param name="Id">Its session.</param>
/// <param name="Length">The number of bytes received so far.</param>
public sealed record UploadPosition(RepositoryName Repository, Guid Id, long Length);
