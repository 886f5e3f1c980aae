namespace Registry.Web.Tests.Pages;

/// <summary>Pictures of pages, in the folder <c>screenshots</c> beside the program of the tests. The documents show copies of some of them.</summary>
public sealed class ScreenshotTests(Chromium chromium, ShownRegistry shown)
{
    // A document with all of them must load fast.
    private const int MaxBytes = 150 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_pages_of_the_documents_have_pictures(bool isDark)
    {
        await using var tab = await chromium.OpenAsync(shown.Registry, new Look(IsDark: isDark));
        await tab.LogInAsync(Users.Admin, Users.PasswordOf(Users.Admin));
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;
        foreach (var (name, path) in new[]
        {
            ("repositories", "/"), ("repository", "/repositories/shop/api"), ("image", shown.ImagePath), ("history", shown.HistoryPath), ("trash", "/trash"), ("space", "/space"),
        })
        {
            await tab.GoAsync(path);
            var picture = await tab.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}{(isDark ? "-dark" : "")}.png") });
            Assert.InRange(picture.Length, 1024, MaxBytes);
        }
    }
}
