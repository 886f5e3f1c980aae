using Registry.Interop.Tests.Containers;
using Registry.Testing;
using Registry.Torture.Faults;

namespace Registry.Interop.Tests.Access;

/// <summary>
/// Clients compute the expiry of a token from its arrival and its lifetime, by a clock that differs from the registry's. Here the registry's
/// clock is wrong: skopeo is a Go program, which libfaketime does not affect.
/// </summary>
public sealed class ClockDifferenceTests(ContainersHome home) : IClassFixture<ContainersHome>
{
    [Fact]
    public async Task Skopeo_pushes_and_pulls_with_as_many_tokens_when_the_clocks_are_ten_minutes_apart()
    {
        Command skopeo = home.Skopeo;
        Requires.Program("faketime", "faketime");
        using var folder = new TemporaryFolder("clocks");
        string source = SampleImage.Runnable().WriteTo(folder.Folder("layout"));
        var tokens = new List<int>();
        foreach (int minutes in (int[])[0, 10, -10])
        {
            var clock = new FakedClock(folder.File("clock"));
            clock.Set(TimeSpan.FromMinutes(minutes));
            await using AccessRegistry registry = await AccessRegistry.StartAsync(Login.BuiltInToken, under: clock.Launch);
            await CheckClockAsync(registry, clock);
            string image = $"docker://{registry.HostPort}/team/clocks:1";
            string alice = $"{AccessRegistry.Alice}:{AccessRegistry.PasswordOf(AccessRegistry.Alice)}";

            _ = await skopeo.RunAsync("copy", "--dest-tls-verify=false", "--dest-creds", alice, source, image);
            _ = await skopeo.RunAsync("copy", "--src-tls-verify=false", "--src-creds", alice, image, $"oci:{folder.Path}/pulled-{minutes}:1");
            tokens.Add(registry.Output.Split("GET /token").Length - 1);
        }

        Assert.InRange(tokens[0], 2, int.MaxValue);
        Assert.All(tokens, count => Assert.Equal(tokens[0], count));
    }

    private static async Task CheckClockAsync(AccessRegistry registry, FakedClock clock)
    {
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{registry.HostPort}/livez"), TestContext.Current.CancellationToken);
        Assert.InRange(answer.Headers.Date!.Value - DateTimeOffset.UtcNow - clock.Ahead, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
    }
}
