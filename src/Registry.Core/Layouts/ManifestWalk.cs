using System.Runtime.CompilerServices;
using Registry.Core.Oci;

namespace Registry.Core.Layouts;

/// <summary>
/// Goes through images and indexes so that what an index lists comes before it, each once. It keeps its own stack, because indexes can be nested
/// as deeply as somebody likes.
/// </summary>
/// <param name="load">Reads a manifest; null when it is not there.</param>
internal sealed class ManifestWalk(Func<Descriptor, Task<LoadedManifest?>> load)
{
    private readonly HashSet<Digest> _seen = [];

    /// <summary>How many manifests are listed by an index but not there, as when one platform of many was copied.</summary>
    public int Missing { get; private set; }

    /// <summary>A manifest and everything below it that has not come before.</summary>
    /// <exception cref="LayoutException">The manifest itself is not there.</exception>
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
