using Registry.Core.Oci;

namespace Registry.Core.Uploads;

/// <summary>An upload in progress.</summary>
/// <param name="Id">Id in URLs.</param>
/// <param name="Repository">Repository of the blob.</param>
/// <param name="Owner">User who began it; null for an anonymous caller.</param>
/// <param name="Algorithm">Expected algorithm of the digest.</param>
/// <param name="Length">Number of received bytes.</param>
/// <param name="IdleFor">Time since the last byte arrived; zero while a request uses the upload.</param>
public sealed record UploadSession(
    Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm, long Length, TimeSpan IdleFor);
