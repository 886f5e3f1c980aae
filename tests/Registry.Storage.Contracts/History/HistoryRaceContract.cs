using System.Collections.Concurrent;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.History;

/// <summary>Rollbacks beside pushes and deletions of the same tag: the history has each change that was answered, once and in order.</summary>
public abstract class HistoryRaceContract : IAsyncDisposable
{
    private const int Writers = 6;
    private const int Turns = 40;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Tag V1 = Tag.Parse("v1");

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected HistoryRaceContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine);
    }

    [Fact]
    public async Task The_history_has_every_change_that_was_answered_once_and_in_order()
    {
        await _engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var pushed = new ConcurrentQueue<Digest>();
        var answered = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer, pushed))));

        var entries = await ReadAsync();

        // What a writer was answered, it finds in the order of its requests.
        for (var writer = 0; writer < Writers; writer++)
        {
            Assert.Equal(
                answered[writer],
                entries.Where(entry => entry.Origin.Actor == $"writer {writer}").Select(entry => new Change(entry.Origin.Request!, entry.Digest, entry.Previous)));
        }

        // Each change has begun with what the one before has made.
        Assert.Equal(entries.SkipLast(1).Select(entry => entry.Digest).Prepend(null), entries.Select(entry => entry.Previous));
        Assert.Equal(entries[^1].Digest, (await _engine.Metadata.FindManifestAsync(A, V1))?.Digest);
        Assert.Contains(entries, entry => entry.Origin.Request!.StartsWith("rollback", StringComparison.Ordinal));
        Assert.Contains(entries, entry => entry.Digest is null);

        // The feed has the same.
        Assert.Equal(
            entries.Select(entry => (entry.Origin, entry.Digest, entry.Previous)),
            (await _engine.ReadChangesAsync())
                .Where(change => change.Kind is ChangeKind.TagSet or ChangeKind.TagRemoved)
                .Select(change => (change.Origin, change.Digest, change.Previous)));
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    // The changes that were answered. A rollback that changes nothing, or cannot be done, is none.
    private async Task<List<Change>> WriteAsync(int writer, ConcurrentQueue<Digest> pushed)
    {
        var random = new Random(writer);
        var changes = new List<Change>();
        for (var turn = 0; turn < Turns; turn++)
        {
            var kind = random.Next(6);
            var origin = new ChangeOrigin
            {
                Source = ChangeSource.Request,
                Actor = $"writer {writer}",
                Request = $"{(kind < 2 ? "push" : kind < 4 ? "rollback" : "delete")} {writer} {turn}",
            };
            if (kind < 2)
            {
                // Each push has an image of its own, so that it changes the tag.
                var image = Samples.Image("config", [], note: origin.Request);
                var put = (await _operations.Manifests.PutAsync(A, V1, null, image, [], Precondition.None, origin, default)).Value;
                pushed.Enqueue(put.Digest);
                changes.Add(new Change(origin.Request, put.Digest, put.Moved.Count == 0 ? null : put.Moved[0].Before));
            }
            else if (kind < 4)
            {
                var target = kind == 2 || pushed.IsEmpty ? RollbackTarget.Previous : RollbackTarget.To(pushed.ElementAt(random.Next(pushed.Count)));
                var rolled = await _operations.Rollbacks.RollBackAsync(A, V1, target, Precondition.None, origin, default);
                if (!rolled.TryGet(out var rollback, out var refused))
                {
                    // Only before the first push is the tag unknown.
                    Assert.True(refused.Code == RegistryErrorCode.RollbackImpossible || refused.Code == RegistryErrorCode.ManifestUnknown, refused.ToString());
                }
                else if (rollback.IsChange)
                {
                    changes.Add(new Change(origin.Request, rollback.Digest, rollback.Before));
                }
            }
            else
            {
                Reference deleted = kind == 4 || pushed.IsEmpty ? V1 : pushed.ElementAt(random.Next(pushed.Count));
                var deletion = await _engine.Metadata.DeleteManifestAsync(A, deleted, Precondition.None, origin);
                if (!deletion.TryGet(out var gone, out var refused))
                {
                    Assert.Same(RegistryErrorCode.ManifestUnknown, refused.Code);
                }
                else if (gone.Tags.Count > 0)
                {
                    changes.Add(new Change(origin.Request, null, gone.Digest));
                }
            }
        }

        return changes;
    }

    // Oldest first.
    private async Task<List<HistoryEntry>> ReadAsync()
    {
        var entries = new List<HistoryEntry>();
        TagHistoryPage page;
        do
        {
            page = await _engine.History.ReadAsync(A, V1, entries.Count == 0 ? null : entries[^1].Position, 50);
            entries.AddRange(page.Entries);
        }
        while (page.HasMore);
        entries.Reverse();
        return entries;
    }

    private sealed record Change(string Request, Digest? Digest, Digest? Previous);
}
