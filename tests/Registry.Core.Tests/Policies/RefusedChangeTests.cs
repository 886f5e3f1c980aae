using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Policies;

/// <summary>A rule that refuses a change: the operation answers with its error, and leaves nothing behind.</summary>
public sealed class RefusedChangeTests : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly RegistryError Refusal = new(RegistryErrorCode.Denied, "a rule of the test");

    // Smaller and larger than content that is staged.
    public static readonly TheoryData<int> Sizes = [100, 100_000];

    private readonly ContractRules _rules = new();
    private readonly TestStorage _storage;

    public RefusedChangeTests() => _storage = new TestStorage(rules: _rules);

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_refused_blob_leaves_no_bytes(int size)
    {
        await _storage.Indexer.RunAsync(default);
        var content = Samples.Bytes(1, size);
        var before = ListFiles();
        _rules.Blob = _ => Refusal;

        var pushed = await _storage.Uploads.PushAsync(A, Samples.Digest(content), null, Samples.Body(content), default);

        Assert.Same(Refusal, pushed.Error);
        Assert.False(await _storage.SeesBlobAsync(A, Samples.Digest(content)));
        await _storage.WriteOutAsync();
        Assert.Equal(before, ListFiles());
        _rules.Allow();
        await _storage.PushBlobAsync(A, content);
        Assert.True(await _storage.SeesBlobAsync(A, Samples.Digest(content)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_session_whose_blob_was_refused_can_be_completed_again(int size)
    {
        await _storage.Indexer.RunAsync(default);
        var content = Samples.Bytes(1, size);
        var session = (await _storage.Uploads.BeginAsync(A, null, ClientNetwork.Unknown, DigestAlgorithm.Sha256)).Value;
        Assert.Equal(60, (await _storage.Uploads.AppendAsync(A, null, session.Id, default, Samples.Body(content[..60]), default)).Value);
        _rules.Blob = _ => Refusal;

        Assert.Same(Refusal, (await CompleteAsync()).Error);
        Assert.Equal(60, (await _storage.Uploads.StatAsync(A, null, session.Id)).Value.Length);
        Assert.Null(await _storage.Storage.Blobs.StatAsync(Samples.Digest(content)));
        _rules.Allow();
        Assert.Equal(content.Length, (await CompleteAsync()).Value);

        Task<Result<long>> CompleteAsync() => _storage.Uploads.CompleteAsync(
            A, null, session.Id, Samples.Digest(content), new ChunkPlace { Position = 60, Length = content.Length - 60 }, Samples.Body(content[60..]), default);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_refused_manifest_leaves_no_bytes(int size)
    {
        await _storage.Indexer.RunAsync(default);
        await _storage.PushImageAsync(A, "app", "v1");
        await _storage.WriteOutAsync();
        var image = Samples.Image("app config", [], note: new string('x', size));
        var before = ListFiles();
        _rules.Manifest = _ => Refusal;

        Assert.Same(Refusal, await _storage.TryPutAsync(A, image, "v1"));

        await _storage.WriteOutAsync();
        Assert.Equal(before, ListFiles());
        _rules.Allow();
        await _storage.PutAsync(A, image, "v1");
        Assert.Equal(image, await _storage.GetAsync(A, Tag.Parse("v1")));
    }

    [Fact]
    public async Task A_refused_mount_is_no_missing_blob()
    {
        await _storage.Indexer.RunAsync(default);
        var digest = await _storage.PushBlobAsync(A, "blob");
        _rules.Blob = change => change.Repository == B ? Refusal : null;

        Assert.Same(Refusal, (await _storage.Uploads.MountAsync(B, A, digest, _ => true)).Error);
        Assert.Same(Refusal, (await _storage.Uploads.MountAsync(B, null, digest, _ => true)).Error);
        Assert.False(await _storage.SeesBlobAsync(B, digest));
    }

    [Fact]
    public async Task A_refused_tag_refuses_the_manifest_and_every_way_to_delete_it()
    {
        await _storage.Indexer.RunAsync(default);
        var image = await _storage.PushImageAsync(A, "app", "v1");
        _rules.Tag = _ => Refusal;

        Assert.Same(Refusal, await _storage.TryPutAsync(A, image, "v2"));
        Assert.Same(Refusal, (await _storage.Manifests.PutAsync(
            A, Samples.Digest(image), null, image, [Tag.Parse("v2"), Tag.Parse("v3")], Precondition.None)).Error);
        Assert.Same(Refusal, (await _storage.Manifests.DeleteAsync(A, Tag.Parse("v1"), Precondition.None)).Error);
        Assert.Same(Refusal, (await _storage.Manifests.DeleteAsync(A, Samples.Digest(image), Precondition.None)).Error);
        Assert.Equal(image, await _storage.GetAsync(A, Tag.Parse("v1")));
        Assert.Equal(["v1"], (await _storage.Storage.Metadata.ListTagsAsync(A, null, 10))!.Items);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rule_keeps_an_untagged_manifest_from_a_deletion_by_command_but_not_from_expiring(bool isLongHeld)
    {
        await _storage.Indexer.RunAsync(default);
        var (kept, other) = (await _storage.PushImageAsync(A, "app"), await _storage.PushImageAsync(B, "other"));

        // So many tags have referred to it that it loses them first.
        await PutWithTagsAsync(kept);
        await PutWithTagsAsync(await _storage.PushImageAsync(A, "next"));
        _storage.Time.Advance(TimeSpan.FromHours(1));
        _rules.Manifest = change => change is { Content: null, Digest: var digest } && digest == Samples.Digest(kept) ? Refusal : null;
        var before = await CountTagsAsync();

        var untagged = await _storage.Core.Plan.ListUntaggedAsync();
        var deleted = await _storage.Collector.DeleteUntaggedAsync(untagged);

        Assert.Equal(2, untagged.Count);
        Assert.Equal([Samples.Digest(other)], deleted.Select(manifest => manifest.Digest));
        Assert.Equal(kept, await _storage.GetAsync(A, Samples.Digest(kept)));
        Assert.Equal(before, await CountTagsAsync());

        // A child of a deleted index expires.
        var child = await _storage.PushImageAsync(B, "child");
        var index = Samples.Index([Samples.Child(child)]);
        await _storage.PutAsync(B, index);
        await _storage.DeleteAsync(B, Samples.Digest(index));
        _rules.Manifest = _ => Refusal;
        Assert.Equal(1, await _storage.ExpireManifestsAfterAsync(3600));

        async Task PutWithTagsAsync(byte[] manifest)
        {
            Tag[] tags = [.. Enumerable.Range(0, isLongHeld ? 600 : 1).Select(i => Tag.Parse($"v{i}"))];
            Assert.Null((await _storage.Manifests.PutAsync(A, Samples.Digest(manifest), null, manifest, tags, Precondition.None)).Error);
        }

        async Task<int> CountTagsAsync() => (await _storage.Storage.Changes.ReadAsync(0, 10_000)).Count(change => change.Kind == ChangeKind.TagForgotten);
    }

    public ValueTask DisposeAsync() => _storage.DisposeAsync();

    // Without the tree, which follows later.
    private List<string> ListFiles() =>
        [.. new[] { "blobs", "uploads" }.Select(name => Path.Combine(_storage.Path, name)).Where(Directory.Exists)
            .SelectMany(FolderContent.List)];
}
