using System.Runtime.CompilerServices;
using Registry.Core.Oci;

namespace Registry.Core.Layouts;

/// <summary>
/// Walks through images and indexes, each once, and children before their index. It has its own stack, because indexes can be nested to any
/// depth.
/// </summary>
/// <param name="load">Reads a manifest; null if it does not exist.</param>
internal sealed class ManifestWalk(Func<Descriptor, Task<LoadedManifest?>> load)
{
    private readonly HashSet<Digest> _seen = [];

    /// <summary>Number of manifests that an index lists but that do not exist, as when one platform of many was copied.</summary>
    public int Missing { get; private set; }

    /// <summary>Yields a manifest and everything below it that was not yielded before.</summary>
    /// <exception cref="LayoutException">The manifest itself does not exist.</exception>
    public async IAsyncEnumerable<LoadedManifest> ChildrenFirstAsync(
        Descriptor root, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stack = new Stack<(Descriptor Descriptor, LoadedManifest? Loaded)>([(root, null)]);
        while (stack.TryPop(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (next.Loaded is not null)
            {
                yield return next.Loaded;
            }
            else if (_seen.Add(next.Descriptor.Digest))
            {
                if (await load(next.Descriptor) is { } loaded)
                {
                    stack.Push((next.Descriptor, loaded));
                    foreach (var child in loaded.Manifest.Manifests.Reverse())
                    {
                        stack.Push((child, null));
                    }
                }
                else if (next.Descriptor == root)
                {
                    throw new LayoutException($"has no manifest {root.Digest}");
                }
                else
                {
                    Missing++;
                }
            }
        }
    }
}
