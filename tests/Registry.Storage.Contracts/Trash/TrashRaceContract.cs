using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Trash;

/// <summary>
/// Pushes, deletions, restores, rollbacks, purges, the expiry of the trash and the collector, all at once and without a grace period. Afterwards, what is held exists, and what is held by nothing
/// goes.
/// </summary>
public abstract class TrashRaceContract : IAsyncDisposable
{
    private const int Images = 5;
    private const int Clients = 5;
    private const int Turns = 40;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly byte[][] Pushed = CreateManifests();

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected TrashRaceContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task What_is_held_exists_and_nothing_else()
    {
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => ActAsync(new Random(client)))));

        foreach (var repository in new[] { A, B })
        {
            await AssertCompleteAsync(repository);

            // An index needs its children, so it comes last, as in the list.
            foreach (var manifest in Pushed)
            {
                if (await _engine.Trash.FindAsync(repository, Samples.Digest(manifest)) is { IsComplete: true })
                {
                    Assert.Null((await _operations.Restores.RestoreAsync(repository, Samples.Digest(manifest), null, ContractOrigin.Request, default)).Error);
                }
            }

            await AssertCompleteAsync(repository);
        }

        // Nothing is left when all is deleted for ever.
        foreach (var repository in new[] { A, B })
        {
            foreach (var digest in (await _engine.Listing.ReadAsync(repository)).Manifests)
            {
                Assert.Null((await _engine.Metadata.DeleteManifestAsync(repository, digest, Precondition.None)).Error);
            }
        }

        await _engine.Collector.ExpireTrashAsync();
        for (var i = 0; i < 3; i++)
        {
            await _engine.Collector.CollectAsync();
        }

        Digest[] all = [.. Pushed.SelectMany(manifest => ManifestReader.Read(manifest, null).Value.Blobs.Select(blob => blob.Digest).Append(Samples.Digest(manifest))).Distinct()];
        Assert.Equal(all.Length, (await _engine.Collector.FindUnknownAsync(all)).Count);
        var totals = await _engine.ReadTotalsAsync();
        Assert.Equal((0, 0, 0, 0, 0, 0), (totals.Blobs, totals.StoredBytes, totals.LogicalBytes, totals.Manifests, totals.Trashed, totals.TrashedBytes));
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    // Images that share a config, an index of some of them, and a referrer of one.
    private static byte[][] CreateManifests()
    {
        byte[][] images = [.. Enumerable.Range(0, Images).Select(i => Samples.Image("config", [Samples.Layer($"layer {i / 2}"), Samples.Layer($"own {i}")]))];
        return [.. images, Samples.Image("config", [], Samples.Child(images[0]), note: "referrer"), Samples.Index([Samples.Child(images[0]), Samples.Child(images[1])])];
    }

    private async Task ActAsync(Random random)
    {
        for (var turn = 0; turn < Turns; turn++)
        {
            var repository = random.Next(3) == 0 ? B : A;
            var manifest = Pushed[random.Next(Pushed.Length)];
            var digest = Samples.Digest(manifest);
            RegistryError? refused = null;
            switch (random.Next(14))
            {
                case < 3:
                    refused = await _operations.PushAsync(repository, manifest, Tag.Parse($"v{random.Next(4)}"));
                    break;
                case < 5:
                    refused = (await _operations.Manifests.DeleteAsync(repository, digest, Precondition.None, ContractOrigin.Request)).Error;
                    break;
                case < 8:
                    refused = (await _operations.Restores.RestoreAsync(repository, digest, null, ContractOrigin.Request, default)).Error;
                    break;
                case 8:
                    await _engine.Collector.ExpireTrashAsync();
                    break;
                case < 11:
                    await _engine.Collector.CollectAsync();
                    break;
                case < 13:
                    var tag = Tag.Parse($"v{random.Next(4)}");
                    var target = random.Next(2) == 0 ? RollbackTarget.Previous : RollbackTarget.To(digest);
                    refused = (await _operations.Rollbacks.RollBackAsync(repository, tag, target, Precondition.None, ContractOrigin.Request, default)).Error;
                    break;
                default:
                    refused = (await _operations.Trash.PurgeAsync(repository, digest, null, ContractOrigin.Request)).Error;
                    break;
            }

            // Only the child of an index can be missing, and only a push finds that its blobs have expired.
            Assert.True(
                refused is null || refused.Code == RegistryErrorCode.ManifestUnknown || refused.Code == RegistryErrorCode.ManifestBlobUnknown || refused.Code == RegistryErrorCode.RollbackImpossible
                    || (refused.Code == RegistryErrorCode.RestoreImpossible && manifest == Pushed[^1]),
                refused?.ToString());
        }
    }

    private async Task AssertCompleteAsync(RepositoryName repository)
    {
        var contents = await _engine.Listing.ReadAsync(repository);
        foreach (var manifest in Pushed)
        {
            var digest = Samples.Digest(manifest);
            var entry = await _engine.Trash.FindAsync(repository, digest);
            if (contents.Manifests.Contains(digest))
            {
                Assert.Null(entry);
                await using var content = (await _operations.Manifests.GetAsync(repository, digest)).Value.Content;
                Assert.Equal(manifest, (await content.ReadAsync()).ToArray());
            }
            else if (entry is null)
            {
                continue;
            }

            Assert.All(ManifestReader.Read(manifest, null).Value.Blobs, blob => Assert.Contains(blob.Digest, contents.Blobs));
            Assert.True(entry is null || entry.IsComplete || manifest == Pushed[^1]);
        }
    }
}
