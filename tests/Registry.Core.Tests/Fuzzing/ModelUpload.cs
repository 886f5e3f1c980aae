using Registry.Core.Oci;
using Registry.Core.Operations;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>What must be known of an upload in progress.</summary>
internal sealed record ModelUpload(Guid Id, RepositoryName Repository, string? Owner, FuzzContent Content)
{
    /// <summary>How many bytes have arrived.</summary>
    public int Length { get; set; }

    /// <summary>When a request last used it.</summary>
    public long LastUsed { get; set; }

    /// <summary>What of the content has not arrived yet.</summary>
    public int Left => Content.Bytes.Length - Length;

    /// <summary>Whether so many bytes may be appended, after what the request says of their place.</summary>
    public bool Fits(ChunkPlace place, int count) =>
        (place.Position ?? Length) == Length && (place.Range is not { } range || (range.First == Length && range.Length == count));
}
