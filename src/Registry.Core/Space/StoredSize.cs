namespace Registry.Core.Space;

/// <summary>Stored content.</summary>
/// <param name="Id">Its id in the metadata, 1 or more.</param>
/// <param name="Size">Its size in bytes.</param>
public readonly record struct StoredSize(long Id, long Size);
