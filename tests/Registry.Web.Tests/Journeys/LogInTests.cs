using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Registry.Web.Tests.Journeys;

/// <summary>The log-in and the log-out, as a person does them.</summary>
public sealed class LogInTests(Chromium chromium) : IAsyncLifetime
{
    private readonly Users _users = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(_users.Configure);
        Users.Identify(_registry.Client, Users.Admin);
        await _registry.Client.PushAsync("shop/api", TestImage.Create(), "1");
        await _registry.Client.PushAsync("vault/keys", TestImage.Create(), "1");
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _users.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_visitor_logs_in_where_they_wanted_to_go_and_out_again(bool hasScript)
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look(hasScript));
        await tab.GoAsync("/repositories/shop/api");
        await Expect(tab.Page).ToHaveTitleAsync("Log in · Registry");
        await tab.Page.GetByLabel("User name").FillAsync(Users.Member);
        await tab.Page.GetByLabel("Password").FillAsync("wrong");
        await tab.Button("Log in").ClickAsync();
        await Expect(tab.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The user name or the password is wrong.");
        await Expect(tab.Page.GetByLabel("User name")).ToHaveValueAsync(Users.Member);

        await tab.Page.GetByLabel("Password").FillAsync(Users.PasswordOf(Users.Member));
        await tab.Page.GetByLabel("Password").PressAsync("Enter");

        await Expect(tab.Page).ToHaveURLAsync($"{tab.Site}repositories/shop/api");
        await Expect(tab.Page.GetByRole(AriaRole.Banner).GetByText(Users.Member)).ToBeVisibleAsync();
        await tab.Main("Repositories").ClickAsync();
        await Expect(tab.Link("shop/api")).ToBeVisibleAsync();
        await Expect(tab.Link("vault/keys")).ToHaveCountAsync(0);
        await tab.CheckAsync();

        await tab.Button("Log out").ClickAsync();
        await Expect(tab.Page).ToHaveTitleAsync("Log in · Registry");

        // What was shown is not in the memory of the browser.
        await tab.Page.GoBackAsync();
        await Expect(tab.Link("shop/api")).ToHaveCountAsync(0);
        await Expect(tab.Page).ToHaveTitleAsync("Log in · Registry");
        await tab.CheckAsync();
    }

    [Fact]
    public async Task The_cookie_of_the_log_in_is_not_for_scripts()
    {
        await using var tab = await chromium.OpenAsync(_registry, new Look());

        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));

        await Expect(tab.Link("vault/keys")).ToBeVisibleAsync();
        Assert.Equal("", await tab.Page.EvaluateAsync<string>("() => document.cookie"));
        Assert.Contains(await tab.Page.Context.CookiesAsync(), cookie => cookie is { Name: "registry-session", HttpOnly: true, SameSite: SameSiteAttribute.Lax });
        await tab.CheckAsync();
    }
}
