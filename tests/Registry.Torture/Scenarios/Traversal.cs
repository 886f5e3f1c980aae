using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Testing.Processes;
using Registry.Torture.Faults;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Sends requests whose paths and queries try to leave the data folder, to a server whose system calls are traced: whatever the response, no call
/// uses a path from a request, and the file next to the data folder is never read.
/// </summary>
public sealed partial class Traversal : IScenario
{
    private const string Canary = "canary";

    private static readonly string[] Steps =
    [
        "..", "%2e%2e", "%2E.", ".%2e", "..%2f", "%2e%2e%2f", "..%5c", "%252e%252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "..%00", "%00", "....", "..;",
        "...", ".", "%2f", "//", "%ff%fe", "..%ef%bc%8f", "%u002e%u002e", "~", "C:", "file:", "\\..",
    ];

    private static readonly string[] Places =
    [
        "/v2/{0}/manifests/latest", "/v2/{0}/blobs/{1}", "/v2/{0}/tags/list", "/v2/{0}/blobs/uploads/", "/v2/{0}/referrers/{1}",
        "/v2/there/manifests/{0}", "/v2/there/blobs/{0}", "/v2/there/blobs/sha256:{0}", "/v2/there/blobs/uploads/{0}", "/v2/there/referrers/{0}",
        "/v2/there/blobs/uploads/?digest=sha256:{0}", "/v2/there/blobs/uploads/?mount={0}&from=there", "/v2/there/blobs/uploads/?mount={1}&from={0}",
        "/v2/there/blobs/uploads/?digest-algorithm={0}", "/v2/there/tags/list?last={0}", "/v2/_catalog?last={0}", "/v2/there/manifests/x?tag={0}", "/{0}",
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"];

    public string Name => "traversal";

    public string Rows => "26";

    public string Subject => "requests that try to leave the data folder, observed by strace";

    public IReadOnlyList<(string Program, string Package)> Needs => [("strace", "strace")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        using var folder = new TemporaryFolder("traversal");
        var data = folder.Folder("data");
        var secret = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, Canary), secret);
        var log = folder.File("calls.log");
        var count = run.Rounds(20_000, 300);
        var statuses = new SortedDictionary<int, int>();
        await using (var registry = await RegistryProcess.StartAsync(data, under: Strace.Launch(log, isAll: true, "%file", null)))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            var there = await client.PushAsync("there", TestImage.Create(), "latest");
            for (var i = 0; i < count; i++)
            {
                var head = Request(run.Random(i), there.Digest);
                var answer = await ExchangeAsync(registry.BaseAddress, head);
                statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
                if (answer.Status >= 500 || answer.Text.Contains(secret, StringComparison.Ordinal))
                {
                    throw new ViolationException($"request {i} of seed {run.Seed} was answered {answer}:\n{head}");
                }
            }

            await registry.StopAsync();
        }

        var paths = 0;
        foreach (var line in File.ReadLines(log))
        {
            var path = Quoted().Match(line).Groups["path"].Value;
            paths++;
            if (path.Contains(Canary, StringComparison.Ordinal) || (path.StartsWith(folder.Path, StringComparison.Ordinal) && path.Contains("..", StringComparison.Ordinal)))
            {
                throw new ViolationException($"a request of seed {run.Seed} reached the file system: {line}");
            }
        }

        return $"{count} requests ({string.Join(", ", statuses.Select(status => $"{status.Value} × {status.Key}"))}), {paths} calls looked at, none left the folder";
    }

    private static string Request(Random random, string digest)
    {
        var steps = Enumerable.Range(0, random.Next(1, 9)).Select(_ => Steps[random.Next(Steps.Length)]);
        var way = string.Join(random.Next(4) == 0 ? "%2f" : "/", [.. steps, Canary]);
        var target = string.Format(CultureInfo.InvariantCulture, Places[random.Next(Places.Length)], way, digest);
        return $"{Methods[random.Next(Methods.Length)]} {target} HTTP/1.1\r\nHost: registry\r\nContent-Length: 0\r\nConnection: close";
    }

    private static async Task<Answer> ExchangeAsync(Uri address, string head)
    {
        using var connection = await RawConnection.OpenAsync(address);
        await connection.SendAsync($"{head}\r\n\r\n");
        return await connection.ReadAnswerAsync(head.StartsWith("HEAD ", StringComparison.Ordinal));
    }

    [GeneratedRegex("\"(?<path>[^\"]*)\"")]
    private static partial Regex Quoted();
}
