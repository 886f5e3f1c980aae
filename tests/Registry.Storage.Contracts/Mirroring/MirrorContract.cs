using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;

namespace Registry.Storage.Contracts.Mirroring;

/// <summary>Contract of <see cref="IMirrorMetadata"/>, together with its metadata.</summary>
public abstract partial class MirrorContract : IAsyncDisposable
{
    private const string Hub = "docker.io";
    private const string Quay = "quay.io";

    private static readonly ChangeOrigin OfHub = ChangeOrigin.Mirror(Hub);
    private static readonly ChangeOrigin OfQuay = ChangeOrigin.Mirror(Quay);
    private static readonly RepositoryName A = Samples.Repository("hub/a");
    private static readonly RepositoryName B = Samples.Repository("hub/b");
    private static readonly RepositoryName Local = Samples.Repository("local");
    private static readonly Tag Latest = Tag.Parse("latest");
    private static readonly byte[] Image = Samples.Image("config", [Samples.Layer("layer")], note: "image");
    private static readonly byte[] OtherImage = Samples.Image("config", [Samples.Layer("other")], note: "other");

    private readonly IMetadataEngine _engine;

    protected MirrorContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
    }

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(_engine.UnixTime);

    private static Digest Of(byte[] manifest) => Samples.Digest(manifest);

    [Fact]
    public async Task A_repository_is_mirrored_from_its_creation()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        await LinkAsync(B, "layer", OfQuay);
        await StoreAsync(Local, Image, ContractOrigin.Request);

        Assert.Equal(Hub, await _engine.Mirror.FindUpstreamAsync(A));
        Assert.Equal(Quay, await _engine.Mirror.FindUpstreamAsync(B));
        Assert.Null(await _engine.Mirror.FindUpstreamAsync(Local));
        Assert.Null(await _engine.Mirror.FindUpstreamAsync(Samples.Repository("unknown")));
        await _engine.ReopenAsync();
        Assert.Equal(Hub, await _engine.Mirror.FindUpstreamAsync(A));
    }

    [Fact]
    public async Task What_does_not_come_from_the_upstream_is_refused()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        await LinkAsync(Local, "other", ContractOrigin.Request);
        var changes = (await _engine.ReadChangesAsync()).Count;

        await AssertRefusedAsync(A, ContractOrigin.Request, "hub/a is mirrored from docker.io");
        await AssertRefusedAsync(A, OfQuay, "hub/a is mirrored from docker.io");
        await AssertRefusedAsync(Local, OfHub, "local has content of its own and is not mirrored");

        Assert.Equal(changes, (await _engine.ReadChangesAsync()).Count);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("other")));
        Assert.Equal(["latest"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        AssertRefused("hub/a is mirrored from docker.io", await _engine.Repositories.RenameAsync(A, Samples.Repository("c"), ContractOrigin.Request));
        AssertRefused("hub/a is mirrored from docker.io", await _engine.Repositories.RenameAsync(A, Samples.Repository("c"), OfHub));
    }

    [Fact]
    public async Task A_manifest_in_the_trash_of_a_mirrored_repository_is_not_restored_by_others()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None, ContractOrigin.Request, toTrash: true)).Error);
        var entry = await _engine.Trash.FindAsync(A, Of(Image));

        var restored = await _engine.Metadata.PutManifestAsync(Samples.Put(A, Image, "latest") with { FromTrash = entry!.Id });

        AssertRefused("hub/a is mirrored from docker.io", restored.Error);
        Assert.NotNull(await _engine.Trash.FindAsync(A, Of(Image)));
        await StoreAsync(A, Image, OfHub, "latest");
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
    }

    [Fact]
    public async Task A_name_without_content_may_become_mirrored_or_local()
    {
        await StoreAsync(A, Image, ContractOrigin.Request);
        await LinkAsync(B, "layer", ContractOrigin.Request);
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None)).Error);
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(B, Samples.Digest("layer"))).Error);

        await StoreAsync(A, Image, OfHub, "latest");
        await LinkAsync(B, "layer", OfHub);

        Assert.Equal((Hub, Hub), (await _engine.Mirror.FindUpstreamAsync(A), await _engine.Mirror.FindUpstreamAsync(B)));
        Assert.Equal(new MirrorUse(1, 1, Image.Length + "layer".Length), await _engine.Mirror.ReadUseAsync(Hub));
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None)).Error);
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(B, Samples.Digest("layer"))).Error);

        await StoreAsync(A, Image, ContractOrigin.Request);
        await LinkAsync(B, "layer", ContractOrigin.Request);

        Assert.Equal((null, null), (await _engine.Mirror.FindUpstreamAsync(A), await _engine.Mirror.FindUpstreamAsync(B)));
        Assert.Equal(new MirrorUse(0, 0, 0), await _engine.Mirror.ReadUseAsync(Hub));
        Assert.Empty(await _engine.Mirror.ListOldestAsync(Hub, 10));
    }

    [Fact]
    public async Task A_row_that_a_rename_has_taken_the_name_from_is_not_mirrored_any_more()
    {
        await StoreAsync(A, Image, OfHub);
        Assert.Single(await EvictAsync(A, Image));
        await StoreAsync(Local, Image, ContractOrigin.Request, "latest");

        Assert.Null(await _engine.Repositories.RenameAsync(Local, A, ContractOrigin.Request));

        Assert.Null(await _engine.Mirror.FindUpstreamAsync(A));
        await StoreAsync(A, OtherImage, ContractOrigin.Request);
    }

    [Fact]
    public async Task Other_repositories_of_a_range_are_found()
    {
        await StoreAsync(A, Image, OfHub);
        await StoreAsync(Local, Image, ContractOrigin.Request);
        var hub = RepositoryRange.StartingWith("hub/");
        Assert.Null(await _engine.Mirror.FindOtherAsync(hub, Hub));
        Assert.Equal(A, await _engine.Mirror.FindOtherAsync(hub, Quay));
        Assert.Equal(Local, await _engine.Mirror.FindOtherAsync(RepositoryRange.All, Hub));

        // One that has only a blob, or only a deleted manifest, counts; an empty one does not.
        await LinkAsync(B, "layer", ContractOrigin.Request);
        Assert.Equal(B, await _engine.Mirror.FindOtherAsync(hub, Hub));
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(B, Samples.Digest("layer"))).Error);
        Assert.Null(await _engine.Mirror.FindOtherAsync(hub, Hub));
        await StoreAsync(B, Image, ContractOrigin.Request);
        await _engine.Metadata.DeleteManifestAsync(B, Of(Image), Precondition.None, ContractOrigin.Request, toTrash: true);
        Assert.Equal(B, await _engine.Mirror.FindOtherAsync(hub, Hub));
    }

    [Fact]
    public async Task The_time_of_a_check_is_that_of_its_tag()
    {
        await StoreAsync(A, Image, OfHub, "latest", "old");
        await StoreAsync(Local, Image, ContractOrigin.Request, "latest");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Latest));

        await RecordAsync(new TagCheck(A, Latest, Now), new TagCheck(A, Latest, Now.AddSeconds(-10)), new TagCheck(A, Tag.Parse("gone"), Now), new TagCheck(Local, Latest, Now));

        Assert.Equal(Now, await _engine.Mirror.FindCheckAsync(A, Latest));
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Tag.Parse("old")));
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Tag.Parse("gone")));
        Assert.Null(await _engine.Mirror.FindCheckAsync(Local, Latest));
        await RecordAsync(new TagCheck(A, Latest, Now.AddSeconds(-20)));
        Assert.Equal(Now, await _engine.Mirror.FindCheckAsync(A, Latest));

        // A clock that was wrong.
        await RecordAsync(new TagCheck(A, Latest, Now.AddDays(1)));
        Assert.Equal(Now.AddDays(1), await _engine.Mirror.FindCheckAsync(A, Latest));
        await RecordAsync(new TagCheck(A, Latest, Now));
        Assert.Equal(Now, await _engine.Mirror.FindCheckAsync(A, Latest));

        // The tag moves, and keeps it; a new one of the same name begins anew.
        await StoreAsync(A, OtherImage, OfHub, "latest");
        Assert.Equal(Now, await _engine.Mirror.FindCheckAsync(A, Latest));
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Latest, Precondition.None)).Error);
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Latest));
        await StoreAsync(A, OtherImage, OfHub, "latest");
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Latest));
    }

    [Fact]
    public async Task Many_checks_and_pulls_are_recorded_together()
    {
        string[] tags = [.. Enumerable.Range(0, 700).Select(n => $"v{n}")];
        await StoreAsync(A, Image, OfHub, tags);
        byte[][] images = [.. Enumerable.Range(0, 30).Select(n => Samples.Image("config", [], note: $"{n}"))];
        foreach (var image in images)
        {
            await StoreAsync(B, image, OfHub);
        }

        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1000));
        await _engine.Mirror.RecordAsync(
            [.. tags.Select(tag => new TagCheck(A, Tag.Parse(tag), Now))], [.. images.Select((image, n) => new ManifestPull(B, Of(image), Now.AddSeconds(-n)))]);

        Assert.Equal(Now, await _engine.Mirror.FindCheckAsync(A, Tag.Parse("v699")));
        Assert.Equal([Of(Image), .. images.Reverse().Select(Of)], (await _engine.Mirror.ListOldestAsync(Hub, 100)).Select(pull => pull.Digest));
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static void AssertRefused(string detail, RegistryError? error)
    {
        Assert.Same(RegistryErrorCode.Mirrored, error?.Code);
        Assert.Equal([detail], error!.Details);
    }

    private async Task AssertRefusedAsync(RepositoryName repository, ChangeOrigin origin, string detail)
    {
        var put = Samples.Put(repository, OtherImage, "other").Requiring(ManifestReferences.Sparse) with { Origin = origin };
        AssertRefused(detail, (await _engine.Metadata.CheckManifestAsync(put)).Error);
        AssertRefused(detail, (await _engine.Metadata.PutManifestAsync(put)).Error);
        AssertRefused(detail, (await _engine.Metadata.PutManifestAsync(Samples.Put(repository, Image, "back") with { MustExist = true, Origin = origin })).Error);
        AssertRefused(detail, await _engine.Metadata.CheckBlobAsync(repository, Samples.Digest("new"), 3, origin));
        AssertRefused(detail, await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest("new"), 3, origin));
        AssertRefused(detail, (await _engine.Metadata.MountBlobAsync(Local, repository, Samples.Digest("other"), origin)).Error);
    }

    private async Task StoreAsync(RepositoryName repository, byte[] manifest, ChangeOrigin origin, params string[] tags) =>
        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(repository, manifest, tags).Requiring(ManifestReferences.Sparse) with { Origin = origin })).Error);

    private async Task LinkAsync(RepositoryName repository, string blob, ChangeOrigin origin) =>
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length, origin));

    private Task RecordAsync(params TagCheck[] checks) => _engine.Mirror.RecordAsync(checks, []);

    private Task PullAsync(RepositoryName repository, byte[] manifest) => _engine.Mirror.RecordAsync([], [new ManifestPull(repository, Of(manifest), Now)]);

    private Task<IReadOnlyList<Digest>> EvictAsync(RepositoryName repository, byte[] manifest, DateTimeOffset? pulledBefore = null) =>
        _engine.Mirror.EvictAsync(repository, Of(manifest), pulledBefore ?? Now.AddSeconds(1), OfHub, "not pulled lately");
}
