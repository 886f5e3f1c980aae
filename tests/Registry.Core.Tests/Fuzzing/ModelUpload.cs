using Registry.Core.Oci;

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
}
