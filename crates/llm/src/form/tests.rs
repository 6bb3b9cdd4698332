use super::*;

const TYPE: &str = "multipart/form-data; boundary=b";

fn part(head: &str, value: &str) -> String {
    format!("--b\r\n{head}\r\n\r\n{value}\r\n")
}

fn form(parts: &[(&str, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(head, value)| part(head, value))
        .collect();
    format!("{parts}--b--\r\n")
}

fn named(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

#[test]
fn what_clients_send_is_read() {
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"a b.wav\"; filename*=utf-8''a%20b.wav\r\nContent-Type: audio/wav";
    let body = form(&[
        (file, "name=\"model\"\r\n--a\r\n--\r\n"),
        (&named("model"), "whisper-1"),
        (
            "content-disposition:form-data;name=prompt\r\nContent-Type: text/plain; charset=\"UTF-8\"",
            "",
        ),
    ]);
    for content_type in [TYPE, "Multipart/Form-Data;charset=utf-8; Boundary=\"b\" ;"] {
        let form = Form::parse(content_type, body.as_bytes()).unwrap();
        let names: Vec<_> = form
            .fields
            .iter()
            .map(|f| (&*f.name, f.file_name.as_deref()))
            .collect();
        assert_eq!(
            names,
            [("file", Some("a b.wav")), ("model", None), ("prompt", None)]
        );
        assert_eq!(
            &body[form.fields[0].value.clone()],
            "name=\"model\"\r\n--a\r\n--\r\n"
        );
        assert_eq!(form.text("model", body.as_bytes()), Ok(Some("whisper-1")));
        assert_eq!(form.text("prompt", body.as_bytes()), Ok(Some("")));
        assert_eq!(
            form.text("file", body.as_bytes()),
            Err(FormError::File("file".into()))
        );
        assert_eq!(form.text("other", body.as_bytes()), Ok(None));
        let with = format!("{}{body}", form.part("size", "1"));
        let again = Form::parse(content_type, with.as_bytes()).unwrap();
        assert_eq!(again.text("size", with.as_bytes()), Ok(Some("1")));
        assert_eq!(again.fields.len(), 4);
    }
    assert_eq!(Form::parse(TYPE, b"--b--").unwrap().fields, []);
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let good = form(&[(&named("model"), "m")]);
    let framing = [
        "".to_owned(),
        format!("preamble\r\n{good}"),
        format!("\r\n{good}"),
        format!("{good}epilogue"),
        good.replace("\r\n", "\n"),
        good.replace("--b--", "--b"),
        good.replace("--b--", "--bb--"),
        good.replacen("--b\r", "--b \r", 1),
        form(&[(
            &named("model"),
            "m\n--b\nContent-Disposition: form-data; name=\"model\"\n\nx",
        )]),
        form(&[(&named("model"), "m\r--b\rx")]),
        form(&[(&named("model"), "m\r\n--bc")]),
    ];
    for body in framing {
        assert_eq!(
            Form::parse(TYPE, body.as_bytes()),
            Err(FormError::Framing),
            "{body:?}"
        );
    }
    let body = form(&[(&named("model"), "--b\r\n")]);
    let read = Form::parse(TYPE, body.as_bytes());
    assert!(matches!(read, Err(FormError::Head(1, _))), "{read:?}");
    for head in [
        "",
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        "Content-Disposition: form-data; filename=\"a\"",
        "Content-Disposition: attachment; name=\"model\"",
        "Content-Disposition: form-data; name=\"a\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"a\"; Name=\"model\"",
        "Content-Disposition: form-data; name*=utf-8''model",
        "Content-Disposition: form-data; name=\"mod\\el\"",
        "Content-Disposition: form-data; name=\"a\\\"; name=\"model\"",
        "Content-Disposition: form-data; name=\"model\" x",
        "Content-Disposition: form-data;\r\n name=\"model\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"model\"",
        "Content-Disposition : form-data; name=\"model\"",
        "Content-Disposition: form-data; name=\"a\"\nX: y",
        "Content-Disposition: form-data; name=\"a\0\"",
    ] {
        let body = form(&[(head, "m")]);
        let read = Form::parse(TYPE, body.as_bytes());
        assert!(
            matches!(read, Err(FormError::Head(1, _))),
            "{head:?}: {read:?}"
        );
    }
    for head in [
        "Content-Transfer-Encoding: quoted-printable",
        "content-transfer-encoding: BASE64",
        "Content-Type: text/plain; charset=utf-16",
        "Content-Type: text/plain; charset=\"utf-7\"",
        "Content-Type: text/plain; charset",
    ] {
        let body = form(&[(&format!("{}\r\n{head}", named("prompt")), "m")]);
        let read = Form::parse(TYPE, body.as_bytes());
        assert_eq!(read, Err(FormError::Encoded("prompt".into())), "{head:?}");
    }
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a b\"",
        "multipart/form-data; boundary=b; boundary=c",
        "multipart/form-data; boundary=b; BOUNDARY=c",
        "multipart/form-data; boundary=\"b",
        "multipart/mixed; boundary=b",
    ] {
        let read = Form::parse(content_type, good.as_bytes());
        assert_eq!(read, Err(FormError::Boundary), "{content_type}");
    }
}

#[test]
fn a_field_in_another_spelling_is_no_other_field() {
    for name in [
        "model",
        "Model",
        "model[]",
        "MODEL[0]",
        " model ",
        "mode\u{6c}",
    ] {
        let body = form(&[(&named("model"), "a"), (&named(name), "b")]);
        let form = Form::parse(TYPE, body.as_bytes()).unwrap();
        assert_eq!(
            form.text("model", body.as_bytes()),
            Err(FormError::Twice("model".into())),
            "{name:?}"
        );
    }
    let body = form(&[(&named("Model"), "a")]);
    let form_of_one = Form::parse(TYPE, body.as_bytes()).unwrap();
    assert_eq!(
        form_of_one.text("model", body.as_bytes()),
        Err(FormError::Twice("model".into()))
    );
    let body = form(&[(&named("models"), "a")]);
    let form = Form::parse(TYPE, body.as_bytes()).unwrap();
    assert_eq!(form.text("model", body.as_bytes()), Ok(None));
}

#[test]
fn all_that_is_written_in_a_form_is_text() {
    let long = "x".repeat(5000);
    let body = form(&[
        (&named("prompt"), &long),
        (
            "Content-Disposition: form-data; name=\"Prompt\"; filename=\"\"",
            "SECRET",
        ),
        (
            "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: audio/wav",
            "words",
        ),
    ]);
    let read = Form::parse(TYPE, body.as_bytes()).unwrap();
    assert_eq!(
        read.texts(body.as_bytes()).unwrap(),
        [
            "prompt", &*long, "Prompt", "", "SECRET", "file", "a.txt", "words"
        ]
    );
    let mut raw = body.into_bytes();
    let at = memmem::find(&raw, b"words").unwrap();
    raw[at] = 0xff;
    assert_eq!(read.texts(&raw).unwrap().last(), Some(&"a.txt"));
    let at = memmem::find(&raw, b"SECRET").unwrap();
    raw[at] = 0xff;
    assert_eq!(read.texts(&raw), Err(FormError::NotUtf8("Prompt".into())));
}

#[test]
fn what_is_read_of_a_form_grows_with_its_length() {
    // A thousand parts, each with what looks like the beginning of a boundary.
    let named = named("a");
    let value = "\r\n--\r\n-".repeat(1000);
    let parts: Vec<_> = (0..MOST)
        .map(|_| (named.as_str(), value.as_str()))
        .collect();
    let body = form(&parts);
    assert_eq!(
        Form::parse(TYPE, body.as_bytes()).unwrap().fields.len(),
        MOST
    );
    let more = format!("{}{body}", part(&named, ""));
    assert_eq!(Form::parse(TYPE, more.as_bytes()), Err(FormError::TooMany));
}
