using System.Net.Http.Headers;
using Microsoft.Extensions.Time.Testing;

namespace Registry.Server.Tests.Web;

/// <summary>A browser that follows a stream of Server-Sent Events.</summary>
internal sealed class LiveStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private LiveStream(HttpResponseMessage response, StreamReader reader) => (_response, _reader) = (response, reader);

    public string? ContentType => _response.Content.Headers.ContentType?.MediaType;

    /// <summary>Opens a stream, and waits until it has begun.</summary>
    /// <exception cref="HttpRequestException">It was refused.</exception>
    public static async Task<LiveStream> OpenAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        var response = (await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)).EnsureSuccessStatusCode();
        var stream = new LiveStream(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        Assert.Equal(": live", await stream._reader.ReadLineAsync());
        return stream;
    }

    public string Header(string name) => string.Join(", ", _response.Headers.GetValues(name));

    /// <summary>Reads the next event.</summary>
    public async Task<(string Id, string Data)> ReadEventAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        for (var (id, data) = ("", ""); ;)
        {
            var line = await _reader.ReadLineAsync(deadline.Token) ?? throw new EndOfStreamException();
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line[6..];
            }
            else if (line.Length == 0 && data.Length > 0)
            {
                return (id, data);
            }
        }
    }

    /// <summary>Reads to the end.</summary>
    /// <returns>The number of comments.</returns>
    public async Task<int> ReadToEndAsync()
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        for (var comments = 0; ;)
        {
            var line = await _reader.ReadLineAsync(deadline.Token);
            if (line is null)
            {
                return comments;
            }

            comments += line == ":" ? 1 : 0;
        }
    }

    /// <summary>Lets time pass until the stream ends.</summary>
    /// <returns>The number of comments, and the time.</returns>
    public async Task<(int Comments, TimeSpan Time)> PassTimeToEndAsync(FakeTimeProvider time)
    {
        var begun = time.GetTimestamp();
        for (var end = ReadToEndAsync(); ; time.Advance(TimeSpan.FromSeconds(5)))
        {
            if (await Task.WhenAny(end, Task.Delay(20)) == end)
            {
                return (await end, time.GetElapsedTime(begun));
            }
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
