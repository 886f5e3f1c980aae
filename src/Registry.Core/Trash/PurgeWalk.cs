using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>
/// Removes an entry of the trash, and then, each in a transaction of its own, the manifests that only it held, and theirs. It stays with the repository, whatever name that is given meanwhile:
/// another repository may have got the name.
/// </summary>
public static class PurgeWalk
{
    /// <inheritdoc cref="ITrash.PurgeAsync"/>
    public static async Task<Result<Purge>> RunAsync(IPurgeSteps steps, RepositoryName repository, Digest digest)
    {
        ArgumentNullException.ThrowIfNull(steps);
        if (!(await steps.RemoveEntryAsync(repository, digest)).TryGet(out var entry, out var unknown))
        {
            return unknown;
        }

        var name = repository;
        var removed = new List<Digest>();
        var waiting = new Queue<Digest>();
        await AddAsync(entry);
        while (waiting.TryPeek(out var next))
        {
            if ((await steps.RemoveReleasedAsync(entry.Repository, name, next)).TryGet(out var step, out _))
            {
                waiting.Dequeue();
                if (step is not null)
                {
                    await AddAsync(step);
                }
            }
            else if (await steps.FindNameAsync(entry.Repository) is { } newName)
            {
                name = newName;
            }
            else
            {
                // Another repository has the name, so this one has nothing left.
                break;
            }
        }

        return new Purge(await steps.FindHoldersAsync(name, [.. removed.Distinct()]));

        async Task AddAsync(PurgeStep step)
        {
            removed.Add(step.Manifest);
            removed.AddRange(step.Blobs);
            foreach (var child in step.Children)
            {
                waiting.Enqueue(child);
            }

            foreach (var referrer in await steps.ReleaseReferrersAsync(step.Repository, name, step.Manifest))
            {
                waiting.Enqueue(referrer);
            }
        }
    }
}
