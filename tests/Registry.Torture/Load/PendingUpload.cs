using Registry.Testing;

namespace Registry.Torture.Load;

/// <summary>An upload of which a part was acknowledged.</summary>
/// <param name="Repository">Where it goes.</param>
/// <param name="Blob">What it will be.</param>
/// <param name="Location">Path and query of the session.</param>
/// <param name="Acknowledged">How many bytes of it.</param>
internal sealed record PendingUpload(string Repository, TestBlob Blob, string Location, int Acknowledged);
