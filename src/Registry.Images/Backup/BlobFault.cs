namespace Registry.Images.Backup;

/// <summary>A blob or manifest that could not be copied.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Reason">Reason, for people.</param>
public sealed record BlobFault(string Digest, string Reason);
