using System.Collections.Concurrent;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Repositories;

/// <summary>
/// Renames, deletions and restores of whole repositories, beside pushes, deletions, restores, purges, rollbacks and the collector, all at once and without a grace period. Afterwards, what is
/// held exists, and what is held by nothing goes.
/// </summary>
public abstract class RepositoryRaceContract : IAsyncDisposable
{
    private const int Images = 4;
    private const int Clients = 5;
    private const int Turns = 40;
    private const int MaxRounds = 20;

    private static readonly RepositoryName[] Names = [.. new[] { "a", "b", "a/c" }.Select(Samples.Repository)];
    private static readonly byte[][] Pushed = CreateManifests();

    // Of all operations: nothing else may answer a request.
    private static readonly RegistryErrorCode[] Expected =
    [
        RegistryErrorCode.NameUnknown, RegistryErrorCode.ManifestUnknown, RegistryErrorCode.ManifestBlobUnknown, RegistryErrorCode.RenameImpossible,
        RegistryErrorCode.RollbackImpossible, RegistryErrorCode.RestoreImpossible, RegistryErrorCode.BadRequest,
    ];

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;
    private readonly ConcurrentBag<string> _renamed = [];
    private int _deleted;

    protected RepositoryRaceContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task What_is_held_exists_and_nothing_else()
    {
        // In a round, each rename may meet a name that is taken.
        for (var round = 0; round < MaxRounds && (_renamed.IsEmpty || _deleted == 0); round++)
        {
            var seed = round * Clients;
            await Task.WhenAll(Enumerable.Range(seed, Clients).Select(client => Task.Run(() => ActAsync(new Random(client)))));
        }

        Assert.NotEmpty(_renamed);
        Assert.NotEqual(0, _deleted);

        foreach (var repository in Names)
        {
            var contents = await _engine.Listing.ReadAsync(repository);
            foreach (var manifest in Pushed.Where(manifest => contents.Manifests.Contains(Samples.Digest(manifest))))
            {
                await using var content = (await _operations.Manifests.GetAsync(repository, Samples.Digest(manifest))).Value.Content;
                Assert.Equal(manifest, (await content.ReadAsync()).ToArray());
                Assert.All(ManifestReader.Read(manifest, null).Value.Blobs, blob => Assert.Contains(blob.Digest, contents.Blobs));
            }

            // A tag is what its history says last: all changes of the repository are in one order, whatever its name was.
            foreach (var tag in Enumerable.Range(0, 4).Select(i => Tag.Parse($"v{i}")))
            {
                var entries = (await _engine.History.ReadAsync(repository, tag, null, 1)).Entries;
                Assert.Equal(entries.Count > 0 ? entries[0].Digest : null, (await _engine.Metadata.FindManifestAsync(repository, tag))?.Digest);
            }
        }

        // Nothing is left when all is deleted for ever.
        foreach (var repository in Names)
        {
            using var final = new ContentInRows(_engine);
            if (await _engine.Repositories.ExistsAsync(repository))
            {
                Assert.True((await final.Repositories.DeleteAsync(repository, _ => true, ContractOrigin.Request, default)).Value.IsGone);
            }
        }

        await _engine.Collector.ExpireTrashAsync();
        for (var i = 0; i < 3; i++)
        {
            await _engine.Collector.CollectAsync();
        }

        Assert.All(Names, repository => Assert.False(_engine.Repositories.ExistsAsync(repository).GetAwaiter().GetResult()));
        Digest[] all = [.. Pushed.SelectMany(manifest => ManifestReader.Read(manifest, null).Value.Blobs.Select(blob => blob.Digest).Append(Samples.Digest(manifest))).Distinct()];
        Assert.Equal(all.Length, (await _engine.Collector.FindUnknownAsync(all)).Count);
        var totals = await _engine.ReadTotalsAsync();
        Assert.Equal((0, 0, 0, 0, 0, 0), (totals.Blobs, totals.LogicalBytes, totals.Manifests, totals.Repositories, totals.Tags, totals.Trashed));
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    // Images that share a config, a referrer of one, and an index of two.
    private static byte[][] CreateManifests()
    {
        byte[][] images = [.. Enumerable.Range(0, Images).Select(i => Samples.Image("config", [Samples.Layer($"own {i}")]))];
        return [.. images, Samples.Image("config", [], Samples.Child(images[0]), note: "referrer"), Samples.Index([Samples.Child(images[0]), Samples.Child(images[1])])];
    }

    private async Task ActAsync(Random random)
    {
        for (var turn = 0; turn < Turns; turn++)
        {
            var repository = Names[random.Next(Names.Length)];
            var manifest = Pushed[random.Next(Pushed.Length)];
            var digest = Samples.Digest(manifest);
            var tag = Tag.Parse($"v{random.Next(4)}");
            RegistryError? refused = null;
            switch (random.Next(18))
            {
                case < 4:
                    refused = await _operations.PushAsync(repository, manifest, tag);
                    break;
                case < 8:
                    var newName = Names[random.Next(Names.Length)];
                    refused = await _operations.Repositories.RenameAsync(repository, newName, _ => true, ContractOrigin.Request);
                    if (refused is null)
                    {
                        _renamed.Add($"{repository} {newName}");
                    }

                    break;
                case 8:
                    var deletion = await _operations.Repositories.DeleteAsync(repository, _ => true, ContractOrigin.Request, default);
                    refused = deletion.Error ?? deletion.Value.Stopped;
                    Interlocked.Add(ref _deleted, refused is null ? 1 : 0);
                    break;
                case 9:
                    refused = (await _operations.Manifests.DeleteAsync(repository, digest, Precondition.None, ContractOrigin.Request)).Error;
                    break;
                case 10:
                    refused = (await _operations.Restores.RestoreAsync(repository, digest, null, ContractOrigin.Request, default)).Error;
                    break;
                case 11:
                    refused = (await _operations.Rollbacks.RollBackAsync(repository, tag, RollbackTarget.Previous, Precondition.None, ContractOrigin.Request, default)).Error;
                    break;
                case 12:
                    await _engine.Collector.ExpireTrashAsync();
                    break;
                case 13:
                    refused = (await _operations.Trash.PurgeAsync(repository, digest, null, ContractOrigin.Request)).Error;
                    break;
                case 14 or 15:
                    refused = await RestoreAsync(repository, random.Next(1, 4));
                    break;
                default:
                    await _engine.Collector.CollectAsync();
                    break;
            }

            Assert.True(refused is null || Expected.Contains(refused.Code), refused?.ToString());
        }
    }

    private async Task<RegistryError?> RestoreAsync(RepositoryName repository, int limit)
    {
        Digest? deletion = null;
        long? before = null;
        do
        {
            var part = await _operations.RepositoryRestores.RestoreAsync(repository, deletion, before, limit, _ => true, ContractOrigin.Request, default);
            if (!part.TryGet(out var done, out var error))
            {
                return error;
            }

            // Only an index can miss something, its children.
            Assert.All(done.Refused, refused => Assert.True(
                refused.Error.Code == RegistryErrorCode.RestoreImpossible && refused.Digest == Samples.Digest(Pushed[^1]), refused.Error.ToString()));
            (deletion, before) = (done.Deletion, done.Next);
        }
        while (before is not null);
        return null;
    }
}
