using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Registry.Server.Tests.Robustness;

/// <summary>
/// Thousands of nearly valid requests, from a seed. No response is a 5xx, no error is logged, and the registry keeps serving.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Connections = 8;

    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 400)]
    public async Task Raw_requests_never_make_a_server_error(int seed, int requestsPerConnection)
    {
        await using var registry = await TestRegistry.StartAsync();

        var statuses = await RunAsync(
            registry, seed, requestsPerConnection, (requests, which, statuses) => SendAsync(registry, requests.NextRaw(), which, statuses));

        AssertVaried(statuses, Connections * requestsPerConnection / 2, 200, 400, 404, 405);

        // Which request reaches the one session before another deletes it differs from run to run: a status, a chunk, or the delete succeeds.
        Assert.Contains(statuses, status => status is 202 or 204);
        await AssertHealthyAsync(registry);
    }

    [Theory]
    [InlineData(3, 250)]
    public async Task Proper_requests_with_improper_contents_never_make_a_server_error(int seed, int requestsPerClient)
    {
        await using var registry = await TestRegistry.StartAsync();

        var statuses = await RunAsync(registry, seed, requestsPerClient, async (requests, which, statuses) =>
        {
            var (method, path, body, headers) = requests.NextProper();
            var answer = await registry.Client.RequestAsync(method, path, body, headers);
            statuses.Add(answer.Status);
            Assert.True(answer.Status < 500, $"{which}: {method} {path}: {answer}");
            requests.Session = answer["Docker-Upload-UUID"] is not null && answer.Status < 300 ? answer.Location : requests.Session;
        });

        AssertVaried(statuses, Connections * requestsPerClient, 200, 201, 202, 204, 400, 404, 405);
        await AssertHealthyAsync(registry);
    }

    // Sends requests from several clients at once; returns the statuses of the answers.
    private static async Task<ConcurrentBag<int>> RunAsync(
        TestRegistry registry, int seed, int requestsPerClient, Func<RequestGenerator, string, ConcurrentBag<int>, Task> send)
    {
        var image = await registry.Client.PushAsync("fuzz", TestImage.Create(), "latest");
        var session = await registry.Client.BeginUploadAsync("fuzz");
        var statuses = new ConcurrentBag<int>();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async worker =>
        {
            var requests = new RequestGenerator(new Random((seed * 1000) + worker), image, session);
            for (var i = 0; i < requestsPerClient; i++)
            {
                await send(requests, $"seed {seed}, client {worker}, request {i}", statuses);
            }
        }));
        return statuses;
    }

    // Requests that all fail for the same reason, or on their way, would show nothing.
    private void AssertVaried(ConcurrentBag<int> statuses, int atLeast, params int[] seen)
    {
        output.WriteLine(string.Join(", ", statuses.GroupBy(status => status).OrderBy(group => group.Key).Select(group => $"{group.Count()} × {group.Key}")));
        Assert.InRange(statuses.Count, atLeast, int.MaxValue);
        Assert.Empty(seen.Except(statuses));
    }

    private static async Task SendAsync(TestRegistry registry, byte[] request, string which, ConcurrentBag<int> statuses)
    {
        using var connection = await RawConnection.OpenAsync(registry);
        try
        {
            await connection.SendAsync(request);
            connection.EndSending();
        }
        catch (IOException)
        {
            // Refused while it was being sent.
        }

        try
        {
            while (true)
            {
                var isHead = request.AsSpan().StartsWith("HEAD "u8);
                var answer = await connection.ReadAnswerAsync(isHead);
                statuses.Add(answer.Status);
                Assert.True(isHead || answer.Status is 204 or 304 || answer.Length == answer.Body.Length, $"{which}: {answer}");

                // 505 says that the version of HTTP is none that the server knows: it is the client's fault, whatever its number.
                Assert.True(answer.Status is < 500 or 505, $"{which}: {Encoding.Latin1.GetString(request)}\n{answer}");
            }
        }
        catch (EndOfStreamException)
        {
            // No answer is one, too: the request was not whole. Half of one is none.
            Assert.Empty(await connection.ReadToEndAsync());
        }
    }

    private static async Task AssertHealthyAsync(TestRegistry registry)
    {
        Assert.Empty(registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => $"{entry.Message}\n{entry.Exception}"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        var image = await registry.Client.PushAsync("after", TestImage.Create(layers: 2), "latest");
        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync("/v2/after/manifests/latest")).Body);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/_catalog"));
        Check.Folder(registry);
    }
}
