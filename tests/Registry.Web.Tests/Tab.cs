using System.Collections.Concurrent;
using System.Globalization;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Registry.Web.Tests;

/// <summary>A tab of the browser, which records what must not happen on any page.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private readonly Look _look;
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly ConcurrentQueue<(string Text, string Address)> _errors = [];
    private readonly ConcurrentQueue<IRequest> _requests = [];
    private readonly ConcurrentDictionary<string, int> _refused = [];
    private ICDPSession? _protocol;

    public Tab(TestRegistry registry, Look look, IBrowserContext context, IPage page)
    {
        (_look, _context, Page) = (look, context, page);
        Site = new Uri(registry.Host.Addresses[0]);
        page.Console += (_, message) => Report(message);
        page.PageError += (_, error) => _faults.Enqueue($"the script failed: {error}");
        page.Request += (_, request) => Report(request);
        page.RequestFailed += (_, request) => Report($"{request.Url} failed: {request.Failure}", request.Failure != "net::ERR_ABORTED");
        page.Response += (_, response) =>
        {
            if (response.Status >= 400 && response.Request.IsNavigationRequest)
            {
                _refused[response.Url] = response.Status;
            }
        };
        page.Dialog += async (_, dialog) =>
        {
            _faults.Enqueue($"a dialog says: {dialog.Message}");
            await dialog.DismissAsync();
        };
    }

    /// <summary>The page that is open.</summary>
    public IPage Page { get; }

    /// <summary>Address of the registry.</summary>
    public Uri Site { get; }

    /// <summary>Requests since the tab was opened.</summary>
    public IReadOnlyCollection<IRequest> Requests => _requests;

    /// <summary>Opens a page, and checks its status.</summary>
    public async Task GoAsync(string path, int status = 200)
    {
        var answer = await Page.GotoAsync(path);
        Assert.Equal((path, status), (path, answer!.Status));
    }

    /// <summary>Logs in by the form.</summary>
    public async Task LogInAsync(string user, string password)
    {
        await GoAsync("/login");
        await Page.GetByLabel("User name").FillAsync(user);
        await Page.GetByLabel("Password").FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
    }

    /// <summary>A link of the navigation that all pages have.</summary>
    public ILocator Main(string name) => Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).GetByRole(AriaRole.Link, new() { Name = name });

    /// <summary>A link by its whole name.</summary>
    public ILocator Link(string name) => Page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });

    /// <summary>A button by its whole name.</summary>
    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Fails with all faults that there are.</summary>
    public static void Check(IReadOnlyCollection<string> faults) => Assert.True(faults.Count == 0, string.Join('\n', faults));

    /// <summary>Fails if <see cref="FindFaultsAsync"/> finds something.</summary>
    public async Task CheckAsync() => Check(await FindFaultsAsync());

    /// <summary>
    /// Finds what is wrong with the page that is open, or has happened since the last call: what hinders people with a disability, errors and violations of the policy, requests to
    /// other hosts, failed requests, and a page that is wider than the screen of a phone.
    /// </summary>
    public async Task<IReadOnlyList<string>> FindFaultsAsync()
    {
        var found = new List<string>();
        var address = Page.Url;
        var results = await RunAxeAsync();
        found.AddRange(results.Violations.Where(violation => violation.Impact is "serious" or "critical").Select(violation =>
            $"{violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}"));

        var tooWide = await Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        if (_look.IsPhone && tooWide > 0)
        {
            found.Add(string.Create(CultureInfo.InvariantCulture, $"the page is {tooWide} pixels wider than the screen"));
        }

        while (_errors.TryDequeue(out var error))
        {
            // The browser reports the status of a page, which the test has asked for.
            if (!(error.Text.StartsWith("Failed to load resource", StringComparison.Ordinal) && _refused.ContainsKey(error.Address)))
            {
                found.Add($"{error.Text} ({error.Address})");
            }
        }

        while (_faults.TryDequeue(out var fault))
        {
            found.Add(fault);
        }

        return [.. found.Select(fault => $"{address} {_look}: {fault}")];
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    // axe is a script, also where the page had to do without.
    private async Task<AxeResult> RunAxeAsync()
    {
        if (_look.HasScript)
        {
            return await RunAsync();
        }

        // A session of the protocol passes on only what it changes itself.
        _protocol ??= await _context.NewCDPSessionAsync(Page);
        await DisableScriptsAsync(true);
        await DisableScriptsAsync(false);
        var results = await RunAsync();
        await DisableScriptsAsync(true);
        return results;

        Task DisableScriptsAsync(bool value) => _protocol.SendAsync("Emulation.setScriptExecutionDisabled", new Dictionary<string, object> { ["value"] = value });

        // The other mode is for pages with frames, and needs a further page for its results, where scripts do not run, either.
#pragma warning disable CS0618
        Task<AxeResult> RunAsync() => Page.Locator(":root").RunAxeLegacy(new AxeRunOptions { ResultTypes = [ResultType.Violations] });
#pragma warning restore CS0618
    }

    private void Report(IConsoleMessage message)
    {
        if (message.Type == "error")
        {
            // The location ends with the line and the column.
            _errors.Enqueue((message.Text, string.Join(':', message.Location.Split(':').SkipLast(2))));
        }
    }

    private void Report(IRequest request)
    {
        _requests.Enqueue(request);
        Report($"{request.Url} is not of this site", new Uri(request.Url).Authority != Site.Authority);
    }

    private void Report(string fault, bool isFault)
    {
        if (isFault)
        {
            _faults.Enqueue(fault);
        }
    }
}
