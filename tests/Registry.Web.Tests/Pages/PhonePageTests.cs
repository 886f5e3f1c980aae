namespace Registry.Web.Tests.Pages;

public sealed class PhonePageTests(Chromium chromium, ShownRegistry shown) : PageTests(chromium, shown)
{
    protected override bool IsPhone => true;
}
