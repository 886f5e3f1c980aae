using Registry.Core.Blobs;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>Reads manifests in the trash.</summary>
/// <param name="trash">The trash.</param>
/// <param name="contents">Stored bytes.</param>
public sealed class TrashReader(ITrash trash, IBlobReader contents)
{
    /// <summary>Finds an entry; null if there is none.</summary>
    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) => trash.FindAsync(repository, digest);

    /// <summary>Reads the manifest of an entry; null if its bytes are lost or damaged.</summary>
    public async Task<TrashedManifest?> ReadAsync(TrashEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await using var source = await contents.OpenAsync(entry.Place, cancellationToken);
        if (source is null)
        {
            return null;
        }

        var content = await source.ReadAsync(cancellationToken);
        if (entry.Digest.Algorithm.Compute(content.Span) != entry.Digest)
        {
            return null;
        }

        // What was stored by another registry may be unreadable here.
        var manifest = ManifestReader.Read(content, entry.MediaType, int.MaxValue).TryGet(out var read, out _)
            ? read
            : StoredManifestReader.Read(content) ?? new Manifest { MediaType = entry.MediaType };
        return new TrashedManifest(entry, manifest with { MediaType = entry.MediaType }, content.ToArray());
    }
}
