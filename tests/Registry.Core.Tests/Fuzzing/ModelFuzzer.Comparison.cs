using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Compares the answers to all reads.</summary>
internal sealed partial class ModelFuzzer
{
    private async Task CompareAsync()
    {
        foreach (var name in _universe.Repositories)
        {
            await CompareTagsAsync(name);
            await CompareTrashAsync(name);
            foreach (var content in _universe.Manifests)
            {
                await CompareManifestAsync(name, content.Digest);
            }

            foreach (var content in _universe.Contents)
            {
                await CompareBlobAsync(name, content);
                await CompareReferrersAsync(name, content.Digest);
            }
        }

        var catalog = await Lists.ListRepositoriesAsync(null, null, [RepositoryRange.All], _ => true);
        ExpectError(null, catalog.Error);
        ExpectSame(_model.Catalog(), catalog.Value.Items, "the catalog");
        await CompareUploadsAsync();
        await CompareBytesAsync();
        var untagged = _model.Repositories.Values.Sum(repository => repository.Manifests.Keys.Count(digest => !repository.Holds(digest)));
        var counted = (await Storage.ReadTotalsAsync()).Untagged;
        Expect(counted == untagged, $"{counted} manifests are counted as untagged, and should be {untagged}");
        Expect(Storage.Health.Failure is null, $"writes have stopped: {Storage.Health.Failure}");
    }

    private async Task CompareTagsAsync(RepositoryName name)
    {
        var repository = _model[name];
        var tags = await Lists.ListTagsAsync(name, null, null);
        ExpectError(repository.IsKnown ? null : RegistryErrorCode.NameUnknown, tags.Error);
        if (repository.IsKnown)
        {
            ExpectSame(repository.Tags.Keys, tags.Value.Items, $"the tags of {name}");
        }

        foreach (var tag in _universe.Tags)
        {
            await CompareManifestAsync(name, tag);
        }
    }

    private async Task CompareManifestAsync(RepositoryName name, Reference reference)
    {
        var result = await Core.Manifests.GetAsync(name, reference);
        if (_model[name].Find(reference) is not { } digest)
        {
            Expect(result.Error is not null, $"{name} {reference} is served, and is not there");
            ExpectError(RegistryErrorCode.ManifestUnknown, result.Error);
            return;
        }

        Expect(result.Error is null, $"{name} {reference} is lost: {result.Error}");
        var expected = _model[name].Manifests[digest];
        var (found, content) = result.Value;
        Expect(found.Digest == digest, $"{name} {reference} is {found.Digest}, and should be {digest}");
        Expect(found.MediaType == expected.Manifest!.MediaType, $"{name} {reference} is of type {found.MediaType}");
        var bytes = await TestStorage.ReadAsync(content);
        Expect(expected.Bytes.AsSpan().SequenceEqual(bytes), $"{name} {reference} has other bytes");
        Expect(found.IdleSince is null == _model[name].Holds(digest), $"{name} {digest} is wrong about whether something holds it: {found.IdleSince}");
        _model[name].KeepManifest(digest, _model.EndOfPromise);
    }

    private async Task CompareUploadsAsync()
    {
        foreach (var upload in _model.Uploads)
        {
            var found = await Core.Uploads.StatAsync(upload.Repository, upload.Owner, upload.Id);
            ExpectError(null, found.Error);
            Expect(found.Value.Length == upload.Length, $"an upload has {found.Value.Length} bytes, and was told {upload.Length}");
        }

        var count = (await Storage.Uploads.ListAsync()).Count;
        Expect(count == _model.Uploads.Count, $"there are {count} uploads, and should be {_model.Uploads.Count}");
    }

    // Pulls may be answered from memory: this is what is on the disk.
    private async Task CompareBytesAsync()
    {
        var stored = _model.Stored();
        foreach (var content in _universe.Contents.Where(content => stored.Contains(content.Digest)))
        {
            var bytes = await _registry.ReadStoredAsync(content.Digest);
            Expect(content.Bytes.AsSpan().SequenceEqual(bytes), $"the bytes of {content} on the disk are {(bytes is null ? "gone" : "others")}");
        }
    }
}
