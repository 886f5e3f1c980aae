using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Deleted manifests, their restores and purges.</summary>
internal sealed partial class ModelFuzzer
{
    // Longer than a grace period, in seconds.
    private const int TrashPeriod = 100;

    private async Task RestoreAsync()
    {
        var (name, repository, digest) = AnyDeleted();
        Trace($"restore {digest} in {name}");
        var result = await Core.Restores.RestoreAsync(name, digest, null, ContractOrigin.Request, default);
        if (!repository.Trash.TryGetValue(digest, out var entry))
        {
            ExpectError(RegistryErrorCode.ManifestUnknown, result.Error);
        }
        else if (repository.FindMissing(entry) is { Count: > 0 } missing)
        {
            ExpectError(RegistryErrorCode.RestoreImpossible, result.Error);
            Expect(
                missing.All(one => result.Error!.Details.Count(detail => detail.Contains(one.Value, StringComparison.Ordinal)) == 1),
                $"expected {string.Join(", ", missing)} to be missing, got {result.Error}");
        }
        else
        {
            ExpectError(null, result.Error);
            var kept = entry.Tags.Where(repository.Tags.ContainsKey).Select(tag => new MovedTag(Tag.Parse(tag), repository.Tags[tag])).ToList();
            var set = entry.Tags.Where(tag => !repository.Tags.ContainsKey(tag)).Select(Tag.Parse).ToList();
            ExpectSame(kept, result.Value.Kept, "the kept tags");
            ExpectSame(set, result.Value.Tags, "the restored tags");
            repository.Put(entry.Manifest, set, _model.EndOfGrace);
        }
    }

    private async Task PurgeAsync()
    {
        var (name, repository, digest) = AnyDeleted();
        Trace($"purge {digest} in {name}");
        var result = await Core.Trash.PurgeAsync(name, digest, null, ContractOrigin.Request);
        var isThere = repository.Trash.ContainsKey(digest);
        ExpectError(isThere ? null : RegistryErrorCode.ManifestUnknown, result.Error);
        if (isThere)
        {
            repository.Purge(digest);
        }
    }

    // After a cycle of the collector.
    private async Task ExpireTrashAsync()
    {
        foreach (var (name, repository) in _model.Repositories)
        {
            foreach (var (digest, entry) in repository.Trash.ToList())
            {
                if (await Storage.Ports.Trash.FindAsync(name, digest) is null)
                {
                    var age = _model.Now - entry.DeletedAt;
                    Expect(age > TrashPeriod, $"{digest} of {name} has left the trash after {age} seconds");
                    repository.Expire(digest, _model.EndOfGrace);
                }
            }
        }
    }

    private async Task CompareTrashAsync(RepositoryName name)
    {
        var repository = _model[name];
        var listed = new List<TrashEntry>();
        TrashPage page;
        do
        {
            page = await Core.Trash.ListAsync(name, listed.LastOrDefault()?.Id, MaxPage, OriginDetail.Full);
            listed.AddRange(page.Entries);
        }
        while (page.HasMore);
        ExpectSame(
            repository.Trash.Select(entry => (entry.Key, string.Join(' ', entry.Value.Tags), repository.FindMissing(entry.Value).Count == 0)).OrderBy(entry => entry.Key),
            listed.Select(entry => (entry.Digest, string.Join(' ', entry.Tags), entry.IsComplete)).OrderBy(entry => entry.Digest),
            $"the trash of {name}");
    }

    // Mostly one that is in the trash.
    private (RepositoryName Name, ModelRepository Repository, Digest Digest) AnyDeleted()
    {
        var name = AnyRepository();
        var trash = _model[name].Trash.Keys.ToList();
        return (name, _model[name], trash.Count == 0 || OneIn(5) ? Any(_universe.Manifests).Digest : Any(trash));
    }
}
