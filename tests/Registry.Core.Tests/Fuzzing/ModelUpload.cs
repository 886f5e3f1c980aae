using Registry.Core.Oci;
using Registry.Core.Uploads;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Expected state of an upload in progress.</summary>
internal sealed record ModelUpload(Guid Id, RepositoryName Repository, string? Owner, FuzzContent Content)
{
    /// <summary>Number of bytes received.</summary>
    public int Length { get; set; }

    /// <summary>Time at which a request last used it.</summary>
    public long LastUsed { get; set; }

    /// <summary>Part of the content that has not arrived yet.</summary>
    public int Left => Content.Bytes.Length - Length;

    /// <summary>True when the bytes may be appended at the position of the request.</summary>
    public bool Fits(ChunkPlace place, int count) =>
        (place.Position ?? Length) == Length && (place.Range is not { } range || (range.First == Length && range.Length == count));
}
