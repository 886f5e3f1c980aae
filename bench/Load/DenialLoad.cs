using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Registry.Bench.Pages;
using Registry.Bench.Peers;
using Registry.Server.Commands.Access;
using Registry.Testing;

namespace Registry.Bench.Load;

/// <summary>
/// Compares the times of answers about what the rules hide with those about what does not exist. A user who could tell them apart would learn names, tags and digests. The last row is
/// the opposite: something that the user may see, which must differ, or the measurement sees nothing.
/// </summary>
internal static class DenialLoad
{
    private const int Rounds = 4_000;
    private const int WarmUps = 400;

    // Of the standard normal distribution: by chance, one row in 16,000 is beyond it.
    private const double Told = 4;

    private const string Hidden = "secret/app";
    private const string Missing = "secret/nil";
    private const string Own = "team/app";

    private const string Rules = $$"""
        { "defaultPolicy": "deny", "adminUsers": ["admin"], "rules": [ { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push", "delete"] } ] }
        """;

    public static async Task RunAsync()
    {
        using var folders = new TemporaryFolder("bench");
        var (users, rules) = (Path.Combine(folders.Path, "htpasswd"), Path.Combine(folders.Path, "rules.json"));
        foreach (var user in new[] { "admin", "alice" })
        {
            HtpasswdEditor.Set(users, user, user);
        }

        await File.WriteAllTextAsync(rules, Rules);
        var settings = new Dictionary<string, string>
        {
            ["REGISTRY_AUTH_TYPE"] = "basic",
            ["REGISTRY_AUTH_HTPASSWD"] = users,
            ["REGISTRY_ACCESS_CONTROL_ENABLED"] = "true",
            ["REGISTRY_ACCESS_CONTROL_CONFIG"] = rules,
        };
        await using var server = await RegistryServer.StartAsync(RegistryProgram.NamedOrJit, folders.Folder("data"), settings);
        var address = new Uri($"http://{server.Address.EndPoint}");
        using var admin = Client(address, "admin");
        var image = await admin.PushAsync(Hidden, TestImage.Create(), "v1");
        await admin.PushAsync(Own, TestImage.Create(), "v1");
        using var alice = Client(address, "alice");
        using var browser = await PageVisitor.LogInAsync(address, "alice", "alice");
        var none = TestImage.Create();
        Console.Out.WriteLine($"{Rounds} requests of each kind, in turns\n\n| Question | Hidden, p50 µs | Missing, p50 µs | z | |\n|---|---:|---:|---:|---|");
        foreach (var (name, hidden, missing) in Paths(image, none))
        {
            await MeasureAsync(name, () => GetAsync(alice, hidden), () => GetAsync(alice, missing));
        }

        foreach (var (name, hidden, missing) in Pages(image, none))
        {
            await MeasureAsync(name, () => browser.GetAnyAsync(hidden), () => browser.GetAnyAsync(missing));
        }

        await MeasureAsync("mount of a blob", () => MountAsync(alice, image, Hidden), () => MountAsync(alice, none, Missing));
        await MeasureAsync("push of a manifest with blobs of others", () => alice.PutManifestAsync(Own, "v2", image), () => alice.PutManifestAsync(Own, "v2", none));
        await MeasureAsync("for comparison: a tag that the user may pull", () => GetAsync(alice, $"/v2/{Own}/manifests/v1"), () => GetAsync(alice, $"/v2/{Own}/manifests/v9"), isTold: true);
    }

    private static IEnumerable<(string Name, string Hidden, string Missing)> Paths(TestImage image, TestImage none) =>
    [
        ("manifest by tag", $"/v2/{Hidden}/manifests/v1", $"/v2/{Missing}/manifests/v1"),
        ("manifest by digest", $"/v2/{Hidden}/manifests/{image.Digest}", $"/v2/{Hidden}/manifests/{none.Digest}"),
        ("manifest of others in a repository of the user", $"/v2/{Own}/manifests/{image.Digest}", $"/v2/{Own}/manifests/{none.Digest}"),
        ("blob", $"/v2/{Hidden}/blobs/{image.Blobs[0].Digest}", $"/v2/{Hidden}/blobs/{none.Blobs[0].Digest}"),
        ("blob of others in a repository of the user", $"/v2/{Own}/blobs/{image.Blobs[0].Digest}", $"/v2/{Own}/blobs/{none.Blobs[0].Digest}"),
        ("tags", $"/v2/{Hidden}/tags/list", $"/v2/{Missing}/tags/list"),
        ("referrers", $"/v2/{Hidden}/referrers/{image.Digest}", $"/v2/{Missing}/referrers/{image.Digest}"),
        ("API: tags", $"/api/v1/tags?repository={Hidden}", $"/api/v1/tags?repository={Missing}"),
        ("API: history of a tag", $"/api/v1/tags/history?repository={Hidden}&tag=v1", $"/api/v1/tags/history?repository={Missing}&tag=v1"),
        ("API: activity", $"/api/v1/activity?repository={Hidden}", $"/api/v1/activity?repository={Missing}"),
        ("API: space", $"/api/v1/space/repository?repository={Hidden}", $"/api/v1/space/repository?repository={Missing}"),
        ("API: search", $"/api/v1/repositories?q={Hidden}", $"/api/v1/repositories?q={Missing}"),
    ];

    private static IEnumerable<(string Name, string Hidden, string Missing)> Pages(TestImage image, TestImage none) =>
    [
        ("page of a repository", $"/repositories/{Hidden}", $"/repositories/{Missing}"),
        ("page of an image", $"/repositories/{Hidden}/-/tags/v1", $"/repositories/{Missing}/-/tags/v1"),
        ("page of a blob", $"/repositories/{Hidden}/-/blobs/{image.Blobs[0].Digest}", $"/repositories/{Hidden}/-/blobs/{none.Blobs[0].Digest}"),
        ("page of a history", $"/repositories/{Hidden}/-/history/v1", $"/repositories/{Missing}/-/history/v1"),
        ("search for a name", $"/?q={Hidden}", $"/?q={Missing}"),
        ("search for a name and a tag", $"/?q={Hidden}:v1", $"/?q={Missing}:v1"),
        ("search for a digest", $"/?q={image.Digest}", $"/?q={none.Digest}"),
    ];

    private static async Task MeasureAsync(string name, Func<Task> hidden, Func<Task> missing, bool isTold = false)
    {
        var times = (Hidden: new double[Rounds], Missing: new double[Rounds]);
        for (var i = -WarmUps; i < Rounds; i++)
        {
            // Who comes first changes, since the second request finds the processor awake.
            if (i % 2 == 0)
            {
                await TimeAsync(hidden, times.Hidden, i);
                await TimeAsync(missing, times.Missing, i);
            }
            else
            {
                await TimeAsync(missing, times.Missing, i);
                await TimeAsync(hidden, times.Hidden, i);
            }
        }

        var z = Compare(times.Hidden, times.Missing);
        var isFound = Math.Abs(z) > Told;
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(times.Hidden):0} | {Median(times.Missing):0} | {z:0.0} | {(isFound == isTold ? string.Empty : isTold ? "not told apart" : "told apart")} |"));
    }

    private static async Task TimeAsync(Func<Task> request, double[] times, int i)
    {
        var started = Stopwatch.GetTimestamp();
        await request();
        if (i >= 0)
        {
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
    }

    // The Mann-Whitney test: how far the ranks of one side are from chance, in standard deviations.
    private static double Compare(double[] one, double[] other)
    {
        var ranked = one.Select(time => (Time: time, IsOne: true)).Concat(other.Select(time => (Time: time, IsOne: false))).OrderBy(item => item.Time).ToList();
        double ranks = 0;
        for (var i = 0; i < ranked.Count; i++)
        {
            ranks += ranked[i].IsOne ? i + 1 : 0;
        }

        double n = one.Length;
        return (ranks - (n * (n + 1) / 2) - (n * n / 2)) / Math.Sqrt(n * n * ((2 * n) + 1) / 12);
    }

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);

    private static Task<Answer> GetAsync(HttpClient client, string path) => client.GetAnswerAsync(path);

    private static async Task MountAsync(HttpClient client, TestImage image, string from)
    {
        var answer = await client.RequestAsync("POST", $"/v2/{Own}/blobs/uploads/?mount={image.Blobs[0].Digest}&from={from}");
        await client.RequestAsync("DELETE", answer.Location!);
    }

    private static HttpClient Client(Uri address, string user)
    {
        var client = new HttpClient { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{user}")));
        return client;
    }
}
