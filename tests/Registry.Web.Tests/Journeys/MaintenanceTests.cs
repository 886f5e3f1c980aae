using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Registry.Web.Tests.Journeys;

/// <summary>What an admin does on the pages: verifies, follows the job and ends it, looks at what a collection would remove, and asks the rules.</summary>
public sealed partial class MaintenanceTests(Chromium chromium) : IAsyncLifetime
{
    private readonly Users _users = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        // 1 MiB a second, so that a verification does not end by itself.
        _registry = await TestRegistry.StartAsync(options => _users.Configure(options) with { VerifyRate = 1 });
        Users.Identify(_registry.Client, Users.Admin);
        for (var i = 0; i < 5; i++)
        {
            await _registry.Client.PushBlobAsync("shop/api", TestBlob.Random(3_000_000));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _users.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_admin_verifies_and_collects(bool hasScript)
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));
        await tab.Main("Administration").ClickAsync();
        await tab.Link("Maintenance").ClickAsync();
        await tab.Link("Verify everything…").ClickAsync();
        await tab.Page.GetByLabel("Report only, change nothing").CheckAsync();
        await tab.Button("Verify").ClickAsync();
        await Expect(tab.Page.GetByText("verify dryRun").First).ToBeVisibleAsync();
        await tab.CheckAsync();

        // The page follows the job by itself, or by the link.
        for (var i = 0; !hasScript && i < 50 && await tab.Page.GetByText(Rate()).CountAsync() == 0; i++)
        {
            await tab.Link("Show the present state").ClickAsync();
        }

        await Expect(tab.Page.GetByText(Rate())).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.CheckAsync();
        await tab.Button("End the job").ClickAsync();
        for (var i = 0; !hasScript && i < 50 && await tab.Link("Collect garbage…").CountAsync() == 0; i++)
        {
            await tab.Page.ReloadAsync();
        }

        await Expect(tab.Page.GetByText("the verification was interrupted").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(tab.Link("Collect garbage…")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.Link("Collect garbage…").ClickAsync();
        await tab.Button("Show what would go").ClickAsync();
        for (var i = 0; !hasScript && i < 50 && await tab.Button("Collect").CountAsync() == 0; i++)
        {
            await tab.Page.ReloadAsync();
        }

        await Expect(tab.Button("Collect")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await tab.CheckAsync();
    }

    [Fact]
    public async Task A_member_sees_no_administration()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());
        await tab.LogInAsync(Users.Member, Users.PasswordOf(Users.Member));
        await Expect(tab.Main("Space")).ToBeVisibleAsync();
        await Expect(tab.Main("Administration")).ToHaveCountAsync(0);
        await tab.GoAsync("/administration", 404);
        await tab.CheckAsync();
    }

    [GeneratedRegex(@"\d+ %, .*B/s")]
    private static partial Regex Rate();
}
