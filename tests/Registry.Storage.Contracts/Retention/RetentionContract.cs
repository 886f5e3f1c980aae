using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;

namespace Registry.Storage.Contracts.Retention;

/// <summary>Contract of <see cref="IRetentionMetadata"/>, together with its metadata.</summary>
public abstract class RetentionContract : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("ci/a");
    private static readonly RepositoryName Mirrored = Samples.Repository("hub/a");
    private static readonly ChangeOrigin Origin = ChangeOrigin.Retention("ann");
    private static readonly byte[] Amd64 = Samples.Image("config", [], note: "amd64");
    private static readonly byte[] Arm64 = Samples.Image("config", [], note: "arm64");
    private static readonly byte[] Index = Samples.Index([Samples.Child(Amd64), Samples.Child(Arm64)]);
    private static readonly byte[] Sbom = Samples.Image("config", [], Samples.Child(Amd64));

    private readonly IMetadataEngine _engine;

    protected RetentionContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
    }

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(_engine.UnixTime);

    private static Digest Of(byte[] manifest) => Samples.Digest(manifest);

    [Fact]
    public async Task A_repository_is_read_with_what_holds_what()
    {
        await PutAsync(Amd64);
        await PutAsync(Arm64);
        await PutAsync(Sbom);
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(10));
        await PutAsync(Index, "v1", "latest");

        var content = await ReadAsync();

        var ids = content.Manifests.ToDictionary(manifest => manifest.Digest);
        Assert.Equal(new[] { Of(Amd64), Of(Arm64), Of(Index), Of(Sbom) }.ToHashSet(), ids.Keys.ToHashSet());
        Assert.Equal(
            new[] { new RetainedChild(ids[Of(Index)].Id, ids[Of(Amd64)].Id), new RetainedChild(ids[Of(Index)].Id, ids[Of(Arm64)].Id) }.ToHashSet(), content.Children.ToHashSet());
        Assert.Equal(ids[Of(Amd64)].Id, ids[Of(Sbom)].SubjectId);
        Assert.Null(ids[Of(Index)].SubjectId);
        Assert.All(content.Manifests, manifest => Assert.Null(manifest.Idle));
        Assert.Equal([("latest", Now), ("v1", Now)], content.Tags.Select(tag => (tag.Name.Value, tag.PushedAt)).Order());
        Assert.All(content.Tags, tag => Assert.Equal(ids[Of(Index)].Id, tag.ManifestId));
        Assert.Equal((Now, Now.AddMinutes(-10)), (ids[Of(Index)].PushedAt, ids[Of(Amd64)].PushedAt));
        Assert.False(content.IsMirrored);
        Assert.Null(await _engine.Retention.ReadAsync(A, 3));
        Assert.NotNull(await _engine.Retention.ReadAsync(A, 4));
        Assert.Empty((await _engine.Retention.ReadAsync(Samples.Repository("unknown"), 1))!.Manifests);
    }

    [Fact]
    public async Task What_nothing_holds_is_idle_since_it_lost_its_tag()
    {
        await PutAsync(Amd64, "v1");
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        await PutAsync(Arm64, "v1");
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(TimeSpan.FromMinutes(2), (await ReadAsync()).Manifests.Single(manifest => manifest.Digest == Of(Amd64)).Idle);
    }

    [Fact]
    public async Task A_push_of_what_a_tag_has_is_its_last_push()
    {
        await PutAsync(Amd64, "v1");
        await _engine.AdvanceAsync(TimeSpan.FromHours(1));
        await PutAsync(Amd64, "v1");

        Assert.Equal(Now, (await ReadAsync()).Tags.Single().PushedAt);
    }

    [Fact]
    public async Task The_last_pull_of_a_manifest_is_recorded()
    {
        await PutAsync(Amd64, "v1");
        await PutAsync(Arm64);
        await MirrorAsync();
        var late = Now.AddMinutes(-1);

        await _engine.Retention.RecordAsync([Pull(Amd64, late), Pull(Index, late), new ManifestPull(Mirrored, Of(Amd64), late), new ManifestPull(Samples.Repository("no"), Of(Amd64), late)]);
        Assert.Equal(late, await FindPullAsync(Amd64));
        await _engine.Retention.RecordAsync([Pull(Amd64, late.AddMinutes(-5))]);
        Assert.Equal(late, await FindPullAsync(Amd64));
        await _engine.Retention.RecordAsync([Pull(Amd64, Now)]);
        await _engine.ReopenAsync();

        Assert.Equal(Now, await FindPullAsync(Amd64));
        Assert.Null(await FindPullAsync(Arm64));
        var mirrored = (await _engine.Retention.ReadAsync(Mirrored, 10))!;
        Assert.True(mirrored.IsMirrored);
        Assert.Null(Assert.Single(mirrored.Manifests).PulledAt);
    }

    [Fact]
    public async Task A_time_of_a_clock_that_was_wrong_is_replaced()
    {
        await PutAsync(Amd64);

        await _engine.Retention.RecordAsync([Pull(Amd64, Now.AddDays(400))]);
        await _engine.Retention.RecordAsync([Pull(Amd64, Now)]);

        Assert.Equal(Now, await FindPullAsync(Amd64));
    }

    [Fact]
    public async Task Many_pulls_are_recorded_together()
    {
        var images = Enumerable.Range(0, 1200).Select(i => Samples.Image("config", [], note: $"{i}")).ToList();
        foreach (var image in images)
        {
            await PutAsync(image);
        }

        await _engine.Retention.RecordAsync([.. images.Select(image => Pull(image, Now)), .. images.Select(image => Pull(image, Now.AddMinutes(-1)))]);

        Assert.All((await _engine.Retention.ReadAsync(A, 5000))!.Manifests, manifest => Assert.Equal(Now, manifest.PulledAt));
    }

    [Fact]
    public async Task Marks_outlive_the_process()
    {
        Assert.Null(await _engine.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince));

        await _engine.Retention.SetMarkAsync(RetentionMark.PullsRecordedSince, Now);
        await _engine.Retention.SetMarkAsync(RetentionMark.LastRun, Now.AddDays(-1));
        await _engine.ReopenAsync();
        Assert.Equal((Now, Now.AddDays(-1)), (await _engine.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince), await _engine.Retention.FindMarkAsync(RetentionMark.LastRun)));
        await _engine.Retention.SetMarkAsync(RetentionMark.PullsRecordedSince, null);

        Assert.Null(await _engine.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince));
        Assert.Equal(Now.AddDays(-1), await _engine.Retention.FindMarkAsync(RetentionMark.LastRun));
    }

    [Fact]
    public async Task A_deleted_manifest_goes_into_the_trash_with_its_tags_and_the_reason()
    {
        await PutAsync(Amd64, "v1", "v2");
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(1));

        var deleted = await _engine.Retention.DeleteAsync(await StepAsync(Amd64), Origin, toTrash: true);

        Assert.Equal(["v1", "v2"], deleted.Value!.Tags.Select(tag => tag.Value).Order(StringComparer.Ordinal));
        Assert.Equal(["v1", "v2"], (await _engine.Trash.FindAsync(A, Of(Amd64)))!.Tags.Select(tag => tag.Value));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")));
        var changes = (await _engine.ReadChangesAsync()).Where(change => change.Kind is ChangeKind.TagRemoved or ChangeKind.ManifestRemoved).ToList();
        Assert.Equal(3, changes.Count);
        Assert.All(changes, change => Assert.Equal((Origin, "because"), (change.Origin, change.Reason)));
        Assert.Equal(RegistryErrorCode.ManifestUnknown, (await _engine.Retention.DeleteAsync(new RetentionStep(A, Of(Amd64), null, Now, "because"), Origin, toTrash: true)).Error!.Code);
    }

    [Fact]
    public async Task A_tag_is_deleted_alone_with_the_reason()
    {
        await PutAsync(Amd64, "v1", "v2");

        Assert.Null((await _engine.Retention.DeleteAsync(await StepAsync(Amd64, "v1"), Origin, toTrash: true)).Error);

        Assert.Equal(["v2"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal("because", (await _engine.ReadChangesAsync()).Single(change => change.Kind == ChangeKind.TagRemoved).Reason);
    }

    [Theory]
    [InlineData("push")]
    [InlineData("tag")]
    [InlineData("pull")]
    [InlineData("part")]
    [InlineData("index")]
    [InlineData("subject")]
    [InlineData("signed")]
    public async Task What_has_changed_since_it_was_read_is_kept(string change)
    {
        await PutAsync(Samples.Index([Samples.Child(Arm64)]), "i");
        await PutAsync(Arm64);
        await PutAsync(Sbom);
        await PutAsync(Sbom, "s");
        var manifest = change switch { "part" => Samples.Index([Samples.Child(Arm64)]), "subject" => Sbom, "index" => Arm64, _ => Sbom };
        var tag = change switch { "part" => "i", "index" => "a", _ => "s" };
        if (change == "index")
        {
            Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Samples.Index([Samples.Child(Arm64)])), Precondition.None, Origin)).Error);
            await PutAsync(Arm64, "a");
        }

        var step = await StepAsync(manifest);
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        await (change switch
        {
            "push" => PutAsync(manifest),
            "tag" => PutAsync(manifest, "other"),
            "pull" => _engine.Retention.RecordAsync([Pull(manifest, Now)]),
            "part" => _engine.Retention.RecordAsync([Pull(Arm64, Now)]),
            "index" => PutAsync(Samples.Index([Samples.Child(Arm64), Samples.Child(Sbom)])),
            _ => PutAsync(Amd64),
        });
        step = change == "signed" ? step with { Absent = [Of(Amd64)] } : step;

        Assert.Equal(RegistryErrorCode.PreconditionFailed, (await _engine.Retention.DeleteAsync(step, Origin, toTrash: true)).Error!.Code);
        Assert.Equal(Of(manifest), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse(tag)))!.Digest);
    }

    [Fact]
    public async Task A_tag_that_was_moved_or_pushed_again_is_kept()
    {
        await PutAsync(Amd64, "v1", "v2");
        await PutAsync(Arm64, "w");
        var (moved, pushed) = (await StepAsync(Amd64, "v1"), await StepAsync(Arm64, "w"));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await PutAsync(Arm64, "v1", "w");

        Assert.Equal(RegistryErrorCode.PreconditionFailed, (await _engine.Retention.DeleteAsync(moved, Origin, toTrash: true)).Error!.Code);
        Assert.Equal(RegistryErrorCode.PreconditionFailed, (await _engine.Retention.DeleteAsync(pushed, Origin, toTrash: true)).Error!.Code);
    }

    [Fact]
    public async Task An_untagged_manifest_must_have_been_idle_for_its_time()
    {
        await PutAsync(Amd64);
        await _engine.AdvanceAsync(TimeSpan.FromHours(2));
        var step = await StepAsync(Amd64) with { Idle = TimeSpan.FromHours(1) };
        await _engine.Metadata.RenewManifestAsync(A, Of(Amd64));

        Assert.Equal(RegistryErrorCode.PreconditionFailed, (await _engine.Retention.DeleteAsync(step, Origin, toTrash: true)).Error!.Code);
        await _engine.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Null((await _engine.Retention.DeleteAsync(step, Origin, toTrash: true)).Error);
    }

    [Fact]
    public async Task A_refused_deletion_changes_nothing()
    {
        await PutAsync(Amd64, "v1", "v2");
        _engine.Rules.Tag = change => change.Tag.Value == "v2" && change.Origin == Origin ? new RegistryError(RegistryErrorCode.Denied, "v2 is immutable") : null;

        Assert.Equal("v2 is immutable", (await _engine.Retention.DeleteAsync(await StepAsync(Amd64), Origin, toTrash: true)).Error!.Details[0]);
        Assert.Equal("v2 is immutable", (await _engine.Retention.DeleteAsync(await StepAsync(Amd64, "v2"), Origin, toTrash: true)).Error!.Details[0]);

        Assert.Equal(["v1", "v2"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
    }

    [Fact]
    public async Task A_manifest_with_very_many_tags_goes_with_all_of_them()
    {
        var tags = Enumerable.Range(0, 1500).Select(i => $"t{i:D4}").ToArray();
        foreach (var some in tags.Chunk(100))
        {
            await PutAsync(Amd64, some);
        }

        var deleted = await _engine.Retention.DeleteAsync(await StepAsync(Amd64), Origin, toTrash: true);

        Assert.Equal(tags, deleted.Value!.Tags.Select(tag => tag.Value).Order(StringComparer.Ordinal));
        Assert.Equal(1500, (await _engine.Trash.FindAsync(A, Of(Amd64)))!.Tags.Count);
    }

    [Fact]
    public async Task The_pull_of_a_manifest_goes_with_it()
    {
        await PutAsync(Amd64, "v1");
        await _engine.Retention.RecordAsync([Pull(Amd64, Now)]);
        await _engine.Metadata.DeleteManifestAsync(A, Of(Amd64), Precondition.None, Origin);
        await PutAsync(Amd64, "v1");

        Assert.Null(await FindPullAsync(Amd64));
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static ManifestPull Pull(byte[] manifest, DateTimeOffset time) => new(A, Of(manifest), time);

    private async Task PutAsync(byte[] manifest, params string[] tags) =>
        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, manifest, tags).Requiring(ManifestReferences.Sparse))).Error);

    private async Task MirrorAsync() => Assert.Null((await _engine.Metadata.PutManifestAsync(
        Samples.Put(Mirrored, Amd64, "v1").Requiring(ManifestReferences.Sparse) with { Origin = ChangeOrigin.Mirror("docker.io") })).Error);

    private async Task<RetainedRepository> ReadAsync() => (await _engine.Retention.ReadAsync(A, 5000))!;

    private async Task<DateTimeOffset?> FindPullAsync(byte[] manifest) => (await ReadAsync()).Manifests.Single(one => one.Digest == Of(manifest)).PulledAt;

    private async Task<RetentionStep> StepAsync(byte[] manifest, string? tag = null) => new(
        A, Of(manifest), tag is null ? null : Tag.Parse(tag), (await ReadAsync()).Manifests.Single(one => one.Digest == Of(manifest)).PushedAt, "because")
    { PulledBefore = Now };
}
