using System.Runtime.CompilerServices;
using Registry.Core.Oci;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>
/// Walks through images and indexes, each once, and children before their index. It has its own stack, because indexes can be nested to any
/// depth.
/// </summary>
/// <param name="load">Reads a manifest; null if it does not exist.</param>
internal sealed class ManifestWalk(Func<Descriptor, Task<LoadedManifest?>> load)
{
    // The record of this many manifests takes some hundred MiB.
    private const int MaxWaiting = 500_000;

    private readonly HashSet<Digest> _seen = [];

    /// <summary>Number of manifests that an index lists but that do not exist, as when one platform of many was copied.</summary>
    public int Missing { get; private set; }

    /// <summary>Yields a manifest and everything below it that was not yielded before.</summary>
    /// <exception cref="LayoutException">The manifest itself does not exist.</exception>
    public async IAsyncEnumerable<LoadedManifest> ChildrenFirstAsync(
        Descriptor root, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stack = new Stack<(Descriptor Descriptor, bool IsExpanded)>([(root, false)]);
        while (stack.TryPop(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!next.IsExpanded && !_seen.Add(next.Descriptor.Digest))
            {
                continue;
            }

            if (await load(next.Descriptor) is not { } loaded)
            {
                Missing += next.Descriptor == root ? throw new LayoutException($"has no manifest {root.Digest}") : 1;
            }
            else if (next.IsExpanded || loaded.Manifest.Manifests.Count == 0)
            {
                yield return loaded;
            }
            else
            {
                // It is read again after its children; otherwise memory would hold one manifest for each level of nesting.
                stack.Push((next.Descriptor, true));
                foreach (var child in loaded.Manifest.Manifests.Where(child => !_seen.Contains(child.Digest)).Reverse())
                {
                    stack.Push((child, false));
                }

                if (stack.Count > MaxWaiting)
                {
                    throw new LayoutException($"nests indexes that list more than {MaxWaiting} manifests in all");
                }
            }
        }
    }
}
