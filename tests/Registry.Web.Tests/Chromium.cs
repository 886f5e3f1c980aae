using Microsoft.Playwright;
using Registry.Testing.Processes;

namespace Registry.Web.Tests;

/// <summary>The browser of all tests (Debian: <c>chromium</c>), without a window.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (ProgramPath.Find("chromium") is not { } program)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();

        // Its sandbox refuses to run as root.
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, ChromiumSandbox = !Environment.IsPrivilegedProcess });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>Opens a tab that shares neither cookies nor a cache with others. The test is skipped without the browser.</summary>
    /// <param name="registry">The registry whose pages it shows.</param>
    /// <param name="look">What the visitor has set.</param>
    internal async Task<Tab> OpenAsync(TestRegistry registry, Look look)
    {
        Assert.SkipWhen(_browser is null, "chromium is not on the PATH: apt-get install chromium");
        var context = await _browser.NewContextAsync(new()
        {
            BaseURL = registry.Host.Addresses[0],
            JavaScriptEnabled = look.HasScript,
            ColorScheme = look.IsDark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = look.IsPhone ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 800 },
            IsMobile = look.IsPhone,
            HasTouch = look.IsPhone,
        });
        context.SetDefaultTimeout((float)Patience.Limit.TotalMilliseconds);
        return new Tab(registry, look, context, await context.NewPageAsync());
    }
}
