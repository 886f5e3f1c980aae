using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Transfer;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Policies;

/// <summary>
/// Rules that protect the tag <c>v1</c> and one manifest, and refuse one blob: requests, and commands that write to a stopped registry.
/// </summary>
public sealed class RefusedChangeTests : IDisposable
{
    private const string Refused = "a rule of the test";

    private readonly TemporaryFolder _folder = new("policies", isInMemory: true);
    private readonly TestImage _image = TestImage.Create();
    private readonly TestImage _other = TestImage.Create();
    private readonly TestBlob _forbidden = TestBlob.Random(100_000);

    private string Data => Path.Combine(_folder.Path, "data");

    private string Layout => Path.Combine(_folder.Path, "layout");

    private RegistryOptions Options => new() { StoragePath = Data, ChangeRules = new TestRules(_forbidden.Digest, _other.Digest) };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("PUT", "v1")]
    [InlineData("PUT", "{other}?tag=new&tag=v1&tag=newer")]
    [InlineData("DELETE", "v1")]
    [InlineData("DELETE", "{image}")]
    public async Task A_refused_request_gets_the_error_of_the_rule_and_changes_nothing(string method, string reference)
    {
        await using var registry = await StartAsync(storagePath: null);
        await registry.Client.PushAsync("team/app", _image, "v1");
        await registry.Client.PushAsync("team/app", _other, "other");
        var path = $"/v2/team/app/manifests/{reference.Replace("{other}", _other.Digest, StringComparison.Ordinal).Replace("{image}", _image.Digest, StringComparison.Ordinal)}";

        var answer = method == "PUT"
            ? await registry.Client.RequestAsync(method, path, _other.Manifest.Bytes, ("Content-Type", _other.MediaType))
            : await registry.Client.RequestAsync(method, path);

        AssertRefused(answer);
        Assert.Equal(["other", "v1"], (await registry.Client.GetAnswerAsync("/v2/team/app/tags/list")).Strings("tags"));
        Assert.Equal(_image.Digest, (await registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"))["Docker-Content-Digest"]);
        Check.Status(201, await registry.Client.PutManifestAsync("team/app", "v1", _image));
    }

    [Fact]
    public async Task A_refused_blob_is_refused_by_upload_session_and_mount()
    {
        await using var registry = await StartAsync(storagePath: null);
        await registry.Client.PushBlobAsync("free/app", _forbidden);
        AssertRefused(await registry.Client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?digest={_forbidden.Digest}", _forbidden.Bytes));
        AssertRefused(await registry.Client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?mount={_forbidden.Digest}&from=free/app"));

        var location = await registry.Client.BeginUploadAsync("team/app");
        var patched = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, _forbidden.Bytes));
        AssertRefused(await registry.Client.RequestAsync("PUT", patched.Location.WithDigest(_forbidden.Digest)));

        // The session has its bytes, and the blob is not there.
        Assert.Equal("0-99999", Check.Status(204, await registry.Client.GetAnswerAsync(patched.Location))["Range"]);
        Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/team/app/blobs/{_forbidden.Digest}"));
    }

    [Fact]
    public async Task A_refused_copy_leaves_the_target_as_it_was()
    {
        await using (var registry = await StartAsync())
        {
            await registry.Client.PushAsync("team/app", _image, "v1");
            await registry.Client.PushAsync("production/app", _other, "v1");
        }

        var error = new StringWriter();
        var exitCode = await CopyCommand.RunAsync(
            CommandRun.Context(TextWriter.Null, error),
            Options,
            new CopyRequest(Name("team/app:v1"), Name("production/app")),
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        Assert.Contains(Refused, error.ToString(), StringComparison.Ordinal);
        await AssertUntouchedAsync("production/app");
    }

    [Fact]
    public async Task A_refused_import_leaves_the_target_as_it_was()
    {
        await using (var registry = await StartAsync())
        {
            await registry.Client.PushAsync("team/app", _image, "v1");
            await registry.Client.PushAsync("production/app", _other, "v1");
        }

        var environment = new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Data };
        Assert.Equal(0, (await CommandRun.OfAsync(environment, "export", "team/app:v1", Layout)).ExitCode);
        var error = new StringWriter();
        var exitCode = await ImportCommand.RunAsync(
            CommandRun.Context(TextWriter.Null, error),
            Options,
            new ImportRequest(Layout, Name("production/app")),
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        Assert.Contains(Refused, error.ToString(), StringComparison.Ordinal);
        await AssertUntouchedAsync("production/app");
    }

    [Fact]
    public async Task A_manifest_that_a_rule_protects_stays_when_the_untagged_ones_are_deleted()
    {
        var time = new FakeTimeProvider();
        await using (var registry = await StartAsync(time))
        {
            await registry.Client.PushAsync("team/app", _image);
            await registry.Client.PushAsync("team/app", _other);
            Assert.Equal(Refused, Assert.Single(Check.Details(Check.Error(
                403, "DENIED", "access forbidden", await registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_other.Digest}")))));
            time.Advance(TimeSpan.FromHours(2));
            await registry.Host.Collector.SaveClockAsync();
        }

        var output = new StringWriter { NewLine = "\n" };
        var exitCode = await GcCommand.RunAsync(
            CommandRun.Context(output),
            Options with { GcGrace = TimeSpan.FromHours(1) },
            new GcRequest(Untagged: new(IsDeletion: true)),
            new FakeTimeProvider(),
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken);

        Assert.Equal(0, exitCode);
        Assert.Contains($"\nteam/app@{_other.Digest} stays: it was needed meanwhile, or a rule of the registry refuses its deletion\nDeleted 1 untagged manifest.", output.ToString(), StringComparison.Ordinal);
        await using var again = await StartAsync();
        Check.Status(404, await again.Client.HeadAnswerAsync($"/v2/team/app/manifests/{_image.Digest}"));
        Check.Status(200, await again.Client.HeadAnswerAsync($"/v2/team/app/manifests/{_other.Digest}"));
    }

    private static ImageReference Name(string text) => ImageReference.TryParse(text, out var name) ? name : throw new ArgumentException(text);

    private static void AssertRefused(Answer answer) => Assert.Equal([Refused], Check.Details(Check.Error(403, "DENIED", "access forbidden", answer)));

    private Task<TestRegistry> StartAsync(TimeProvider? time = null) => StartAsync(Data, time);

    private Task<TestRegistry> StartAsync(string? storagePath, TimeProvider? time = null) =>
        TestRegistry.StartAsync(options => options with { ChangeRules = Options.ChangeRules }, storagePath, time);

    private async Task AssertUntouchedAsync(string repository)
    {
        await using var registry = await StartAsync();
        Assert.Equal(_other.Digest, (await registry.Client.HeadAnswerAsync($"/v2/{repository}/manifests/v1"))["Docker-Content-Digest"]);
        Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/{repository}/manifests/{_image.Digest}"));
        foreach (var blob in _image.Blobs)
        {
            Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}"));
        }
    }

    private sealed class TestRules(string forbidden, string kept) : IChangeRules
    {
        public RegistryError? CheckBlob(BlobChange change) =>
            change.Digest.Value == forbidden && change.Repository.Value.StartsWith("team/", StringComparison.Ordinal) ? Refusal() : null;

        public RegistryError? CheckManifest(ManifestChange change) => change.Content is null && change.Digest.Value == kept ? Refusal() : null;

        public RegistryError? CheckTag(TagChange change) =>
            change.Tag.Value == "v1" && change.Before is not null && change.Before != change.After ? Refusal() : null;

        public bool KeepsDigest(RepositoryName repository, Tag tag, ChangeOrigin origin) => false;

        public IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository, ChangeOrigin origin) => [];

        public RegistryError? CheckQuota(QuotaChange change) => null;

        public RegistryError? CheckRename(RenameChange change) => change.NewName.Value.StartsWith("kept", StringComparison.Ordinal) ? Refusal() : null;

        private static RegistryError Refusal() => new(RegistryErrorCode.Denied, Refused);
    }
}
