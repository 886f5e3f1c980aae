using System.Text.RegularExpressions;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Docker;

/// <summary>An operator finds out with <c>registry tag</c> which push has moved a tag of docker, and undoes it.</summary>
[Collection(nameof(DockerEngine))]
public sealed class RollbackTests(DockerEngine engine, RegistryUnderTest registry)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pulls_the_image_that_a_rollback_has_brought_back()
    {
        string image = $"{registry.HostPort}/docker/rollback:latest";
        string good = await PushAsync(image);
        string bad = await PushAsync(image);

        string[] history = (await RunAsync($"tag history {image}")).Split('\n');
        Assert.Equal(3, history.Length);
        Match moved = Regex.Match(history[1], @"^\S+Z +(?<now>sha256:\S{64}) +(?<before>sha256:\S{12}) +anonymous$");
        Match first = Regex.Match(history[2], @"^\S+Z +(?<now>sha256:\S{64}) +- +anonymous$");
        Assert.True(moved.Success && first.Success, string.Join('\n', history));
        Assert.StartsWith(moved.Groups["before"].Value, first.Groups["now"].Value, StringComparison.Ordinal);

        Assert.Equal(
            $"docker/rollback:latest refers to {first.Groups["now"].Value} now, and not to {moved.Groups["now"].Value} any more", await RunAsync($"tag rollback {image}"));
        await AssertPullsAsync(image, good);

        // The pushed image is still there, by its digest.
        _ = await engine.Docker.RunAsync("pull", $"{registry.HostPort}/docker/rollback@{moved.Groups["now"].Value}");
        Assert.Equal(bad, await engine.IdAsync($"{registry.HostPort}/docker/rollback@{moved.Groups["now"].Value}"));
    }

    [Fact]
    public async Task Docker_pulls_a_tag_that_was_deleted_and_brought_back()
    {
        string image = $"{registry.HostPort}/docker/undelete:latest";
        string id = await PushAsync(image);
        using (HttpResponseMessage deleted = await registry.Http.SendAsync(HttpMethod.Delete, "/v2/docker/undelete/manifests/latest", cancellationToken: Cancellation))
        {
            Assert.Equal(202, (int)deleted.StatusCode);
        }
        _ = await engine.Docker.RunAsync("rmi", "--force", image);
        Assert.NotEqual(0, (await engine.Docker.TryRunAsync("pull", image)).ExitCode);

        _ = await RunAsync($"tag rollback {image}");

        await AssertPullsAsync(image, id);
    }

    // The id of the image.
    private async Task<string> PushAsync(string image)
    {
        _ = await engine.ImportAsync(image);
        _ = await engine.Docker.RunAsync("push", image);
        return await engine.IdAsync(image);
    }

    private async Task AssertPullsAsync(string image, string id)
    {
        _ = await engine.Docker.TryRunAsync("rmi", "--force", image);
        _ = await engine.Docker.RunAsync("pull", image);
        Assert.Equal(id, await engine.IdAsync(image));
    }

    private async Task<string> RunAsync(string command)
    {
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = engine.Folder.Folder("config") };
        (int exitCode, string output) = await RegistryProcess.RunAsync(command, engine.Folder.Path, environment, Cancellation);
        Assert.True(exitCode == 0, output);
        return output.Trim();
    }
}
