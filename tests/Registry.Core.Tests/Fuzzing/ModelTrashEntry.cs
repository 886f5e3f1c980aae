using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>A deleted manifest that can be restored.</summary>
/// <param name="Manifest">The manifest.</param>
/// <param name="Tags">Its tags, in order.</param>
/// <param name="Required">What it referred to and the repository had at the deletion.</param>
/// <param name="DeletedAt">The deletion, on the clock of the clients.</param>
internal sealed record ModelTrashEntry(FuzzContent Manifest, IReadOnlyList<string> Tags, IReadOnlySet<Digest> Required, long DeletedAt);
