namespace Registry.Web.Tests.Pages;

public sealed class WindowPageTests(Chromium chromium, ShownRegistry shown) : PageTests(chromium, shown)
{
    protected override bool IsPhone => false;
}
