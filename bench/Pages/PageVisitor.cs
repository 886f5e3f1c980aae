using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Registry.Bench.Pages;

/// <summary>
/// Browser of a user, with one connection and without a cache. It asks for compressed answers, and counts what it receives. The pages know it by the cookie of its log-in, and the API by its
/// password.
/// </summary>
internal sealed partial class PageVisitor : IDisposable
{
    private readonly HttpClient _client;
    private long _received;

    private PageVisitor(Uri address)
    {
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            CookieContainer = new CookieContainer(),
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new MeteredStream(context.PlaintextStream, count => Interlocked.Add(ref _received, count))),
        })
        {
            BaseAddress = address,
        };
        _client.DefaultRequestHeaders.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    }

    /// <summary>A visitor without a log-in.</summary>
    public static PageVisitor Anonymous(Uri address) => new(address);

    /// <summary>Logs in.</summary>
    public static async Task<PageVisitor> LogInAsync(Uri address, string user, string password)
    {
        var visitor = new PageVisitor(address);
        var token = FormToken().Match(await visitor.ReadAsync("/login")).Groups[1].Value;
        using var form = new FormUrlEncodedContent([new("user", user), new("password", password), new("token", token), new("next", "/")]);
        using var answer = await visitor._client.PostAsync(new Uri("/login", UriKind.Relative), form);
        if (answer.StatusCode != HttpStatusCode.SeeOther)
        {
            throw new InvalidOperationException($"The log-in of {user} was answered by {(int)answer.StatusCode}.");
        }

        visitor._client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        return visitor;
    }

    /// <summary>Reads a page as text.</summary>
    public async Task<string> ReadAsync(string path)
    {
        using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return Succeeds(answer) ? await answer.Content.ReadAsStringAsync() : throw Failed(path, answer);
    }

    /// <summary>Requests an address as a browser does. A redirection is an answer, too.</summary>
    /// <returns>Number of bytes that the server has sent.</returns>
    public async Task<long> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Encoding", "gzip, deflate, br");
        var before = Interlocked.Read(ref _received);
        using var answer = await _client.SendAsync(request);
        return Succeeds(answer) ? Interlocked.Read(ref _received) - before : throw Failed(path, answer);
    }

    /// <summary>Requests an address, whatever the answer.</summary>
    public async Task GetAnyAsync(string path)
    {
        using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative));
        await answer.Content.ReadAsByteArrayAsync();
    }

    /// <summary>Opens a stream, and counts its events until it is cancelled.</summary>
    public async Task<int> CountEventsAsync(string path, CancellationToken cancellationToken)
    {
        var count = 0;
        try
        {
            await using var stream = await _client.GetStreamAsync(new Uri(path, UriKind.Relative), cancellationToken);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                count += line.StartsWith("data:", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the measurement.
        }

        return count;
    }

    /// <summary>Files that a browser needs for the first view of a page.</summary>
    public static IReadOnlyList<string> AssetsOf(string page) => [.. Asset().Matches(page).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>Address of the page that follows in a list; null on the last one.</summary>
    public static string? NextOf(string page) => Next().Match(page) is { Success: true } match ? WebUtility.HtmlDecode(match.Groups[1].Value) : null;

    public void Dispose() => _client.Dispose();

    private static bool Succeeds(HttpResponseMessage answer) => answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.SeeOther;

    private static InvalidOperationException Failed(string path, HttpResponseMessage answer) => new($"{path} was answered by {(int)answer.StatusCode}, so the measurement is not valid.");

    [GeneratedRegex("name=\"token\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex("(?:href|src)=\"(/-/assets/[^\"]+)\"")]
    private static partial Regex Asset();

    [GeneratedRegex("href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Next();
}
