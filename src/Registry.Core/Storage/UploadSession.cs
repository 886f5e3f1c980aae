using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>An upload that has begun and is not committed yet.</summary>
/// <param name="Id">Its name in URLs.</param>
/// <param name="Repository">The repository the blob goes to.</param>
/// <param name="Owner">The user who began it; null for an anonymous one.</param>
/// <param name="Algorithm">The algorithm its digest is expected in.</param>
/// <param name="Length">How many bytes have been received.</param>
/// <param name="IdleFor">How long ago the last byte came; zero while a request is using it.</param>
public sealed record UploadSession(
    Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm, long Length, TimeSpan IdleFor);
