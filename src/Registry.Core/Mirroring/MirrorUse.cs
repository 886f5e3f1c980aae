using Registry.Core.Storage;

namespace Registry.Core.Mirroring;

/// <summary>What the repositories of an upstream hold.</summary>
/// <param name="Repositories">Number of repositories that have a manifest.</param>
/// <param name="Manifests">Number of manifests.</param>
/// <param name="Bytes">Sizes of their blobs and manifests together, counted once for each repository, as <see cref="StorageTotals.LogicalBytes"/>.</param>
public readonly record struct MirrorUse(long Repositories, long Manifests, long Bytes);
