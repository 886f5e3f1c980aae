using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>Purges deleted manifests, and removes the bytes at once from everywhere that the registry can reach.</summary>
/// <param name="operations">Purges the metadata.</param>
/// <param name="trash">The trash.</param>
/// <param name="eraser">Removes the bytes.</param>
public sealed class PurgeOperations(TrashOperations operations, ITrash trash, ContentEraser eraser)
{
    /// <summary>Removes an entry for ever, and what only it held, with the bytes.</summary>
    /// <inheritdoc cref="TrashOperations.PurgeAsync"/>
    public async Task<Result<Erasure>> PurgeAsync(RepositoryName repository, Digest digest, Func<long, bool>? isMeant, ChangeOrigin origin)
    {
        if (!(await operations.PurgeAsync(repository, digest, isMeant, origin)).TryGet(out var purge, out var refused))
        {
            return refused;
        }

        var left = await eraser.EraseAsync([.. purge.Content.Where(content => content.HeldBy.Count == 0).Select(content => content.Digest)]);
        return new Erasure(purge.Content, [.. left.Select(place => new LeftBytes(place, IsFault: true)), .. await trash.ScrubAsync()]);
    }
}
