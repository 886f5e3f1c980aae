namespace Registry.Core.Space;

/// <summary>A blob of a repository.</summary>
/// <param name="ContentId">Id of its content.</param>
/// <param name="Size">Its size in bytes; 0 if the bytes are lost.</param>
/// <param name="IsElsewhere">True if another repository holds the same content.</param>
public readonly record struct BlobSize(long ContentId, long Size, bool IsElsewhere);
