using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>What a rollback sets a tag to.</summary>
public sealed record RollbackTarget
{
    private RollbackTarget()
    {
    }

    /// <summary>The manifest that the tag referred to before the current one; for a deleted tag, the last one.</summary>
    public static RollbackTarget Previous { get; } = new();

    /// <summary>A manifest of the repository; null for another target.</summary>
    public Digest? Digest { get; private init; }

    /// <summary>Time of the state that is restored; null for another target.</summary>
    public DateTimeOffset? Time { get; private init; }

    /// <summary>A manifest of the repository. The tag need not have referred to it.</summary>
    public static RollbackTarget To(Digest digest) => new() { Digest = digest };

    /// <summary>What the tag was at a time.</summary>
    public static RollbackTarget At(DateTimeOffset time) => new() { Time = time };
}
