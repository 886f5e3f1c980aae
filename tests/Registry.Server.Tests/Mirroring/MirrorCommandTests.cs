using System.Text.Json;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Mirroring;

/// <summary><c>registry mirror …</c> while a registry runs on the folder.</summary>
public sealed class MirrorCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("cmd", isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_commands_ask_the_running_registry()
    {
        TestRegistry.SkipOnNodes("a node has no socket");
        await using var upstream = await MirroredUpstream.StartAsync("\"maxSize\": \"1GiB\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, _folder.Path);
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");

        var warmed = await CommandAsync("warm", "up/team/app:v1");
        Assert.Equal((0, ""), (warmed.ExitCode, warmed.Error));
        Assert.StartsWith($"Fetched up/team/app:v1\n1 manifest, {image.Blobs.Count} blobs, ", warmed.Output, StringComparison.Ordinal);
        Assert.Equal((0, $"up/team/app:v1 is {image.Digest}, as before\n"), await OutputAsync("check", "up/team/app:v1"));

        var status = await CommandAsync("status");
        Assert.Equal(0, status.ExitCode);
        Assert.Matches(@"^UPSTREAM +PREFIX +STATE .*\nup\.example +up +ok +1 +1 +.* of 1\.0 GiB ", status.Output);
        var json = JsonElement.Parse((await CommandAsync("status", "--json")).Output);
        Assert.Equal(1, json.GetProperty("upstreams")[0].GetProperty("manifests").GetInt64());

        upstream.Relay.Instead = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "60";
            return Task.FromResult(true);
        };
        var refused = await CommandAsync("check", "up/team/app:v1");
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("was not checked: up.example answered 503", refused.Error, StringComparison.Ordinal);
        Assert.Contains("up.example is away since ", (await CommandAsync("status")).Output, StringComparison.Ordinal);
        var failed = await CommandAsync("warm", "up/team/app:v2");
        Assert.Equal((1, true), (failed.ExitCode, failed.Error.Contains("503", StringComparison.Ordinal)));

        var (exitCode, forgotten) = await OutputAsync("forget", "up/team/app:v1");
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"up/team/app:v1: 1 manifest removed, and {image.Blobs.Count} blobs that nothing else", forgotten, StringComparison.Ordinal);
        var unknown = await CommandAsync("forget", "team/app");
        Assert.Equal((1, true), (unknown.ExitCode, unknown.Error.Contains("team/app is not mirrored", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_a_mirror_there_is_nothing_to_show()
    {
        TestRegistry.SkipOnNodes("a node has no socket");
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Equal((0, "Nothing is mirrored: REGISTRY_MIRROR_CONFIG is not set, or its file has no upstreams.\n"), await OutputAsync("status"));
        var warmed = await CommandAsync("warm", "hub/library/alpine:1");
        Assert.Equal((1, true), (warmed.ExitCode, warmed.Error.Contains("hub/library/alpine is not mirrored", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("warm", "hub/library/alpine")]
    [InlineData("check", "hub/library/alpine")]
    [InlineData("check", "hub/library/alpine@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("forget", "Hub")]
    public async Task What_names_no_image_is_a_fault_of_the_arguments(string command, string image) => Assert.Equal(2, (await CommandAsync(command, image)).ExitCode);

    private async Task<(int, string)> OutputAsync(params string[] arguments)
    {
        var run = await CommandAsync(arguments);
        Assert.Equal("", run.Error);
        return (run.ExitCode, run.Output);
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = _folder.Path }, ["mirror", .. arguments]);
}
