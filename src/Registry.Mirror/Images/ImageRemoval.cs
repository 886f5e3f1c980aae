using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Inventory;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Mirror.Room;

namespace Registry.Mirror.Images;

/// <summary>Removes manifests of a mirrored repository at once, whenever they were pulled, with what only they hold.</summary>
/// <param name="core">The operations on what is here.</param>
/// <param name="metadata">Removes manifests.</param>
/// <param name="inventory">Lists them.</param>
/// <param name="repository">The repository.</param>
/// <param name="origin">Who asks for it.</param>
internal sealed class ImageRemoval(RegistryCore core, IMirrorMetadata metadata, IInventory inventory, RepositoryName repository, ChangeOrigin origin)
{
    private const string Reason = "forgotten";
    private const int BatchSize = 100;

    private readonly ManifestEviction _eviction = new(metadata, core.Eraser);
    private readonly List<string> _left = [];
    private long _manifests;
    private long _contents;

    /// <summary>What was removed.</summary>
    public ForgottenImage Removed => new(_manifests, _contents, _left);

    /// <summary>Removes all manifests.</summary>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    public async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        for (var removed = -1L; removed < _manifests;)
        {
            removed = _manifests;
            var ids = await inventory.ListManifestsAsync(repository, after: null, BatchSize);
            foreach (var manifest in await inventory.DescribeAsync(ids, tags: 0, references: 0))
            {
                cancellationToken.ThrowIfCancellationRequested();
                await RemoveAsync(manifest.Digest);
            }
        }
    }

    /// <summary>Removes a manifest, and those that it lists and nothing else holds.</summary>
    /// <inheritdoc cref="RemoveAllAsync"/>
    public async Task RemoveTreeAsync(Digest digest, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var listed = await StoredManifests.ReadAsync(core.Manifests, repository, digest, cancellationToken);
        if (!await RemoveAsync(digest))
        {
            return;
        }

        foreach (var child in listed?.Manifests ?? [])
        {
            if (await inventory.FindManifestAsync(repository, child.Digest, limit: 1, referrers: 1) is { Tags.Count: 0, Parents.Count: 0 })
            {
                await RemoveTreeAsync(child.Digest, cancellationToken);
            }
        }
    }

    private async Task<bool> RemoveAsync(Digest digest)
    {
        var (lost, left) = await _eviction.EvictAsync(repository, digest, DateTimeOffset.MaxValue, origin, Reason, CancellationToken.None);
        _left.AddRange(left);
        _manifests += lost.Count > 0 ? 1 : 0;
        _contents += Math.Max(0, lost.Count - 1);
        return lost.Count > 0;
    }
}
