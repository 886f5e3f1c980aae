using Registry.Testing;

namespace Registry.Torture.Load;

/// <summary>An upload with acknowledged bytes.</summary>
/// <param name="Repository">Repository of the upload.</param>
/// <param name="Blob">The blob that it will become.</param>
/// <param name="Location">Path and query of the session.</param>
/// <param name="Acknowledged">Number of acknowledged bytes.</param>
internal sealed record PendingUpload(string Repository, TestBlob Blob, string Location, int Acknowledged);
